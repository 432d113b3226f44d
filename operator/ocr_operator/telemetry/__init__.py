"""The operator's log format, metrics and HTTP endpoints.

Reports what the other rooms measured; decides nothing.
"""
