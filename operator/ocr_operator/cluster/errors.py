"""The errors of calls to the API server."""


class ClusterError(Exception):
    """A call failed. `status` is the HTTP status, None without a response; the text is the API server's."""

    def __init__(self, status: int | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class NotLeadingError(ClusterError):
    """A write was cancelled because this process may no longer be the leader."""

    def __init__(self) -> None:
        super().__init__(None, "write cancelled: leadership could not be confirmed in time")
