"""The error that callers report as a sentence instead of a traceback."""


class ClusterError(Exception):
    """A cluster, program or image is not available; the message says why and what to do."""
