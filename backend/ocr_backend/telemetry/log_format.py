"""Sets up the log: one line per event, as text for people or as JSON for log collectors.

Every line carries the id of the request.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from ocr_backend.config.settings import Settings

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Id of the current request; threads that work for a request copy it."""


def configure_logging(settings: Settings) -> None:
    """Logs to standard error, in the format and from the level of the settings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    logging.captureWarnings(True)  # libraries warn about unusual files
    # Below WARNING they log tokens, URLs with queries, or each request a second time.
    for name in ("urllib3", "PIL", "werkzeug"):
        logging.getLogger(name).setLevel(logging.WARNING)


class TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00.123Z INFO ocr_backend.web.app [id] message`, followed by the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One event on one line, so that a message with line ends cannot fake another event."""
        message = record.getMessage().replace("\n", "\\n").replace("\r", "\\r")
        line = f"{_timestamp(record)} {record.levelname} {record.name} [{request_id.get()}] {message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object per event: time, level, logger, request, message and, after an error, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One event on one line."""
        event = {
            "time": _timestamp(record),
            "level": record.levelname,
            "logger": record.name,
            "request": request_id.get(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return json.dumps(event, ensure_ascii=False)


def _timestamp(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
