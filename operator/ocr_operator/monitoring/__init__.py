"""The chart's alerts and dashboards, and the page of the manual about them, made by `make generate`.

Nothing of the running operator imports this: it needs Grafana's SDK, which only the development environment
has.
"""
