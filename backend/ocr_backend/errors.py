"""Errors of a request or an image: one class per reaction.

Messages reach clients, so they contain no path, secret or library text; the cause is chained.
"""

from typing import ClassVar, Literal

FailureOutcome = Literal["unreachable", "refused", "broken", "late", "failed"]
"""Why an image was not read: its file could not be fetched, it is not allowed, the file is not a valid image,
the deadline passed, or the backend failed."""


class RequestError(Exception):
    """The request is invalid; the message says what was given, what is allowed and what to do."""

    status: ClassVar[int] = 400


class AuthenticationError(RequestError):
    """Credentials are missing or wrong."""

    status = 401


class ForeignOriginError(RequestError):
    """A web page of another site has sent the request."""

    status = 403


class UnsupportedMediaTypeError(RequestError):
    """The request body is not declared as JSON."""

    status = 415


class RequestTooLargeError(RequestError):
    """The request body is larger than the settings allow."""

    status = 413


class LabelConfigError(RequestError):
    """The label config cannot take regions with text."""


class NotReadyError(RequestError):
    """The models are not loaded yet, or too many requests are waiting; the client may retry."""

    status = 503


class ImageError(Exception):
    """One image of a task cannot be read; other tasks are not affected."""

    def __init__(self, outcome: FailureOutcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome: FailureOutcome = outcome


class DeadlineExceededError(ImageError):
    """The deadline of the request passed before this image was read; a retry continues from there."""

    def __init__(self) -> None:
        super().__init__(
            "late", "it was not read in time (OCR_PREDICT_TIMEOUT); ask again to read the remaining images"
        )


class GoldenSampleError(RuntimeError):
    """The models misread the golden sample; the message says what they read."""
