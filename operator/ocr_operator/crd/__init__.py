"""The CustomResourceDefinition and the chart's values schema, as JSON schemas with their validation rules.

Pure; knows only `api`.
"""
