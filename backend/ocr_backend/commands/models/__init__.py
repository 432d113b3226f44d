"""`ocr-backend models`: lists, downloads, verifies and prunes models.

Knows the rooms `models` and `ocr`; nothing of Label Studio.
"""
