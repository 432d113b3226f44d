"""The settings, where they come from, and the catalog of models that they can name.

Standard library only, since the operator imports it too; knows nothing of requests, images or engines.
"""
