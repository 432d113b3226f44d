"""Leader election: the rules of the Lease, and the candidate that acquires, renews and releases it.

Knows nothing of OCRBackends.
"""
