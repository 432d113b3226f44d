"""The status, conditions and Events of an OCRBackend, computed from observed state and plan.

Pure; writes nothing.
"""
