"""`ocr-backend prelabel`: stores a prediction for each task of a Label Studio project.

Knows Label Studio through its SDK; knows nothing of `doctor`. Only `command` and `arguments` import without
the packages of the extra.
"""
