"""The desired Kubernetes objects of an OCRBackend, complete and ready for server-side apply.

Pure; decides what an object contains, not when it is applied.
"""
