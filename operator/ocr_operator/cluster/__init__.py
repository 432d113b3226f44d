"""Requests to the API server and to pods, with timeouts and one error type.

Decides nothing; the only room that knows the Kubernetes client.
"""
