"""`ocr-backend doctor`: checks settings, machine, models and Label Studio, and suggests fixes.

Changes nothing; knows nothing of `prelabel`.
"""
