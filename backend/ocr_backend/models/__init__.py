"""Folders of model weights: which are needed, whether they are complete, and whether they read.

Knows no engine; only `models.hub` uses the network.
"""
