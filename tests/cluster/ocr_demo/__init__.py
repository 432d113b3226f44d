"""`make demo`: the main job, first with the backend alone, then through an OCRBackend on a cluster."""
