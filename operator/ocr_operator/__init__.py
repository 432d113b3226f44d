"""The operator that turns `OCRBackend` objects into running OCR backends."""
