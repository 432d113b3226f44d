"""OCR predictions for Label Studio: the ML backend that reads pictures with PaddleOCR models."""
