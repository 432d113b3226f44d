"""The form of the log: a line per event for people or a JSON object for collectors, with the request's id.

Called by `server` and `cli` once at start; `app` sets the id at the beginning of each request.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from ocr_backend.config.settings import Settings

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Id of the request that the running code serves; threads that work for a request copy it."""


def set_up(settings: Settings) -> None:
    """Makes the root logger write to standard error, in the form and from the level of the settings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if settings.log_format == "json" else TextLines())
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    logging.captureWarnings(True)  # libraries tell so of odd files
    # Their own messages below this name tokens, addresses with queries, or every request once more.
    for name in ("urllib3", "PIL", "werkzeug"):
        logging.getLogger(name).setLevel(logging.WARNING)


class TextLines(logging.Formatter):
    """`2026-01-31T12:00:00.123Z INFO ocr_backend.web.app [id] message`, with the traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        """One event; line ends within the message cannot fake another event."""
        message = record.getMessage().replace("\n", "\\n").replace("\r", "\\r")
        line = f"{_moment(record)} {record.levelname} {record.name} [{request_id.get()}] {message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """One JSON object per event: time, level, logger, request, message and, if there is one, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One event on one line."""
        told = {
            "time": _moment(record),
            "level": record.levelname,
            "logger": record.name,
            "request": request_id.get(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def _moment(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
