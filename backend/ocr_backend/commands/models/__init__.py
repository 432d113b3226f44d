"""`ocr-backend models`: list, fetch, verify and prune models.

Knows the rooms `models` and `ocr`; nothing of Label Studio.
"""
