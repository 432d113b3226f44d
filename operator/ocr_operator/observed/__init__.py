"""Objects of the API server as the few facts that the operator uses, and the causes of their problems.

Pure. Knows no desired state beyond the spec, and plans nothing.
"""
