"""The status, conditions and Events of an OCRBackend, computed from observed state and plan.

Pure. It reads nothing from the cluster and writes nothing.
"""
