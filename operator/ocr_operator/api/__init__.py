"""The OCRBackend API as Python values: names, labels, reasons, conditions and the parsed spec.

Pure; imports no other room.
"""
