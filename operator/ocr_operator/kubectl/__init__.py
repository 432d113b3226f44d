"""The `kubectl ocr` plugin: explain an OCRBackend, list variants, read an image, write a support bundle.

It reads the cluster through kubectl, and shares only pure rooms with the operator.
"""
