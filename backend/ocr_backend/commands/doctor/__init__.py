"""`ocr-backend doctor`: checks settings, machine, models and Label Studio, and says how to fix each problem.

Only reads; knows nothing of `prelabel`.
"""
