"""What to do next: which revision each variant runs, and which objects to apply, hand over or delete.

Pure: from observed and desired state to a plan. It writes nothing.
"""
