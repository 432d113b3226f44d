"""What can go wrong with a whole project: one class per reaction, each a sentence for the person who waits.

Knows neither HTTP nor Label Studio; `studio` and `remote` raise these, `command` makes statuses of them.
"""


class UsageError(Exception):
    """The command line, settings, token, project or labelling config are wrong: another try does not help."""


class UnavailableError(Exception):
    """Label Studio or the backend does not answer as it should; the same may succeed later.

    `seconds` is how long the other side asks to be left alone, 0 where it does not say.
    """

    def __init__(self, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class RefusedError(Exception):
    """Label Studio does not take what was sent, and says why; what is sent next may be fine."""
