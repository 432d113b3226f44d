"""The chart's alerts and dashboards, and their page in the docs, written by `make generate`.

The running operator never imports it.
"""
