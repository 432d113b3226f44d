"""The OCRBackend API as Python values: names, labels, managed kinds, reasons, conditions and the parsed spec.

Pure; imports no other room.
"""
