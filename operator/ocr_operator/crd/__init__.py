"""The CustomResourceDefinition and the chart's values schema: JSON schemas with validation rules.

Pure; imports only `api`, and the backend's settings and model catalog.
"""
