"""Who may write: the rules of Leases, the election of a leader, and the claims on namespaces.

Knows nothing of OCRBackends.
"""
