"""What can go wrong with a request or an image: one class per reaction, each a sentence for its reader.

Knows no framework. Messages reach clients: they hold no path, secret or library text; the cause is chained.
"""

from typing import ClassVar, Literal

Outcome = Literal["unreachable", "refused", "broken", "late", "failed"]
"""Why an image was not read: it did not come, is not allowed, is no image, was not reached in time, or the
fault is ours."""


class RequestError(Exception):
    """A request that is refused; the message says what was given, what is allowed and what to do."""

    status: ClassVar[int] = 400


class PasswordError(RequestError):
    """Credentials are missing or wrong."""

    status = 401


class TooLargeError(RequestError):
    """The request is larger than the settings allow."""

    status = 413


class LabelConfigError(RequestError):
    """The labelling configuration has no place for boxes with text."""


class NotReadyError(RequestError):
    """The models are not loaded yet, or too many requests wait; the same request may succeed later."""

    status = 503


class ImageError(Exception):
    """One task's image cannot be read; its neighbours are not affected."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome: Outcome = outcome


class LateError(ImageError):
    """The time for the whole request ended before this image was read; asking again goes on from here."""

    def __init__(self) -> None:
        super().__init__(
            "late", "it was not read in time (OCR_PREDICT_TIMEOUT); ask again to go on from here"
        )


class GoldenSampleError(RuntimeError):
    """The golden sample was read wrongly; the message says what was read."""
