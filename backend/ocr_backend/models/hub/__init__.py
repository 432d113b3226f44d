"""Downloads models from PaddleOCR's hubs and keeps them on a volume, complete or not at all.

Knows model folders but no engine and no task.
"""
