"""Downloads models from PaddleOCR's hubs and keeps them on a volume, each complete or not at all.

Knows model folders, but no engine and no task of Label Studio.
"""
