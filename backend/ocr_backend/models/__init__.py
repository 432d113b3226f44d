"""Model folders: which models are required, whether they are complete, and whether they read a golden sample.

Knows no engine and no task of Label Studio; only `models.hub` uses the network.
"""
