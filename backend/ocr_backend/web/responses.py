"""The JSON of responses, and errors as responses.

Used by `app` and the routes. An error has the same form everywhere: status, detail and request id.
"""

from typing import Any

from flask import Flask, Response, jsonify, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import ClientDisconnected, HTTPException

from ocr_backend.errors import AuthenticationError, NotReadyError, RequestTooLargeError
from ocr_backend.telemetry.log_format import request_id

Json = dict[str, Any]

_RETRY_SECONDS = 5  # the period of the probes, which then see the change too (guess)
_MAX_REASON_LENGTH = 300  # characters in the status line; clients refuse very long ones (guess)


class CompactJson(DefaultJSONProvider):
    """JSON without spaces, keys in the order of the response: `{"status":"UP"}` as in the guide."""

    compact = True
    sort_keys = False


def error_response(status: int, detail: str) -> Response:
    """An error with its HTTP status and a sentence that says what is wrong and what to do."""
    response = jsonify(status=status, detail=detail, id=request_id.get())
    # Label Studio shows the status line and never the body, so the sentence is in both.
    response.status = f"{status} {_reason_phrase(detail)}"
    if status == AuthenticationError.status:
        response.headers["WWW-Authenticate"] = 'Basic realm="ocr-backend"'
    if status == NotReadyError.status:
        response.headers["Retry-After"] = str(_RETRY_SECONDS)
    return response


def _reason_phrase(detail: str) -> str:
    """The sentence as a status line can hold it, without the characters of HTML: Label Studio shows it so."""
    return "".join(
        char if " " <= char <= "~" and char not in "<>&" else "?" for char in detail[:_MAX_REASON_LENGTH]
    )


def http_error_response(app: Flask, error: HTTPException) -> Response:
    """An error that Flask raised, such as 404."""
    return error_response(error.code or 500, _http_error_detail(app, error))


def non_empty(*warnings: str) -> list[str]:
    """The warnings of a response."""
    return [warning for warning in warnings if warning]


def _http_error_detail(app: Flask, error: HTTPException) -> str:
    if error.code == RequestTooLargeError.status:
        return f"the request has more than {app.config['MAX_CONTENT_LENGTH']} bytes (OCR_MAX_REQUEST_BYTES)"
    if error.code == 405 and (allowed := error.get_response().headers.get("Allow")):
        return f"{request.path} does not allow {request.method}; use {allowed}"
    if error.code == 404:
        paths = ", ".join(sorted({rule.rule for rule in app.url_map.iter_rules()}))
        return f"there is no {request.path[:100]!r}; available paths: {paths}"
    if isinstance(error, ClientDisconnected):
        return "the body did not arrive in time, or the client closed the connection"
    return "the request is malformed"
