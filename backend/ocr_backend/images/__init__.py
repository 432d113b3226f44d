"""Decodes image and PDF files into upright arrays; a PDF in a child process.

Knows neither where the files come from nor what is read from them.
"""
