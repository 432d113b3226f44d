"""Decodes image and PDF files into upright arrays.

Knows neither where the files come from nor what is read from them.
"""
