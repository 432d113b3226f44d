"""Errors of `prelabel`, one class per reaction; each message is written for the user.

Knows neither HTTP nor Label Studio. The clients raise these, `project_run` turns them into exit statuses.
"""


class UsageError(Exception):
    """The command line, settings, token, project or label config are wrong; a retry does not help."""


class UnavailableError(Exception):
    """Label Studio or the backend does not answer as expected; a retry may succeed.

    `retry_after_seconds` is what the server asked for, or 0.
    """

    def __init__(self, message: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class RefusedError(Exception):
    """Label Studio refuses one request and gives a reason; other requests may succeed."""
