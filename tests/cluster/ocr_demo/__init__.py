"""`make demo`: reads an image with the backend alone, then through an OCRBackend on a cluster."""
