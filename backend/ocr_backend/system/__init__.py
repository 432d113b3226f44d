"""The operating system and the network: CPU and memory limits, signals, addresses, URLs and HTTP sessions.

Knows nothing of the backend: no settings, images or models.
"""
