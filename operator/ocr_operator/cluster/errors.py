"""The errors of calls to the API server."""


class ClusterError(Exception):
    """A call failed. `status` is the HTTP status, None without a response; the text is the API server's.

    `retry_after`: seconds for which the API server asks to be spared, None if it does not.
    """

    def __init__(self, status: int | None, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status
        self.message = message


class NotLeadingError(ClusterError):
    """A write was cancelled because this process may no longer write in the namespace."""

    def __init__(self) -> None:
        super().__init__(None, "write cancelled: the leadership was lost or could not be confirmed in time")
