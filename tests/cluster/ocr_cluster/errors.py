"""The one error that callers report as a sentence instead of a traceback. Anyone here may raise it."""


class ClusterError(Exception):
    """The cluster, a program or an image cannot be had; the message says why and what to do."""
