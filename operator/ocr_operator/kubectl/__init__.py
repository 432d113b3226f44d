"""`kubectl ocr`: explains an OCRBackend, lists variants, reads an image and collects a support bundle.

Reads through kubectl; shares only pure rooms with the operator.
"""
