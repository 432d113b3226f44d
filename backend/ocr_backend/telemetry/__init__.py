"""The metrics for Prometheus and the format of the log.

Records what the other rooms report; decides nothing and knows no requests or models.
"""
