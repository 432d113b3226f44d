"""The settings, the environment variables that set them, and the catalog of PaddleOCR's models.

Standard library only, since the operator imports this too. Knows nothing of requests, images or engines.
"""
