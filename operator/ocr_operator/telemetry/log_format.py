"""What the operator writes to stdout: one line of text, or one JSON object, per event.

Every line that is written during a look names its OCRBackend and the look: `jq 'select(.object == "a/b")'`
shows one object's story, one id one look. `cli` sets it up, `handlers` says when a look begins.
"""

import json
import logging
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from ocr_operator.api.names import NamespacedName

_look: ContextVar[tuple[str, str] | None] = ContextVar("look", default=None)

_NOISY = ("kopf", "aiohttp.access")
"""Both say one line per event or probe that they handled."""


@contextmanager
def reconciling(key: NamespacedName) -> Iterator[None]:
    """Lines of this task belong to a new look at an OCRBackend until the end of the context."""
    token = _look.set((f"{key.namespace}/{key.name}", uuid.uuid4().hex[:12]))
    try:
        yield
    finally:
        _look.reset(token)


def start(level: str, as_json: bool) -> None:
    """Sends everything from `level` on to stdout, for the rest of the process."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(max(logging.getLevelName(level), logging.WARNING))


class JsonFormatter(logging.Formatter):
    """`time` (UTC), `level`, `logger`, `message`; in a look `object` and `reconcileID`; with one `error`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if look := _look.get():
            fields["object"], fields["reconcileID"] = look
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Time, level, the look's id if there is one, message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(look)s%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback if there is one."""
        look = _look.get()
        record.look = f"[{look[1]}] " if look else ""
        return super().format(record)
