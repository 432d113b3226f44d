"""`kubectl ocr`: why an OCRBackend does not serve, its variants, a picture read, and a bundle for a report.

Of the operator it uses what decides (`causes`, `observation`, `reasons`, `names`): none has to run for it.
"""
