"""What to do next: which revision each variant runs, which objects to apply, hand over or delete.

Pure: observed and desired state in, a plan out.
"""
