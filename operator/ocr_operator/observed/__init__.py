"""Objects from the API server become the few facts that the operator uses, and the causes of their problems.

Pure; knows no desired state beyond the spec.
"""
