"""Bytes of an image or PDF file become upright arrays.

Knows neither where the bytes come from nor what is read in them.
"""
