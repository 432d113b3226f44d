"""Metrics for Prometheus and the format of the log.

Counts and prints what the other rooms report; decides nothing.
"""
