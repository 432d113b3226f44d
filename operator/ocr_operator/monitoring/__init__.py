"""The chart's alerts and dashboards, and their page of the manual. `make generate` writes them.

Knows the metrics of both programs. Must not know the controller or the cluster; the running operator never
imports it.
"""
