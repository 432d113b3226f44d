"""The operator's log on stdout: one line of text, or one JSON object, per record.

Every line that is written during a reconcile names its OCRBackend and the reconcile:
`jq 'select(.object == "a/b")'` shows the lines of one object, `reconcileID` those of one reconcile. `cli`
configures it, `workers` says when a reconcile begins.
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

_reconcile: ContextVar[tuple[str, str] | None] = ContextVar("reconcile", default=None)
"""Namespaced name of the OCRBackend, and id of the reconcile."""

_NOISY_LOGGERS = ("kopf", "aiohttp.access")
"""They log a line for every event or probe that they handle."""


@contextmanager
def reconciling(key: NamespacedName) -> Iterator[None]:
    """Lines that this task logs inside the context belong to a new reconcile of the OCRBackend."""
    token = _reconcile.set((f"{key.namespace}/{key.name}", uuid.uuid4().hex[:12]))
    try:
        yield
    finally:
        _reconcile.reset(token)


def configure_logging(level: str, as_json: bool) -> None:
    """Logs everything from `level` up to stdout, for the rest of the process."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))


class JsonFormatter(logging.Formatter):
    """`time` (UTC), `level`, `logger` and `message`.

    During a reconcile also `object` and `reconcileID`; with a traceback also `error`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if reconcile := _reconcile.get():
            fields["object"], fields["reconcileID"] = reconcile
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Time, level, the id of the reconcile if there is one, and the message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(reconcile)s%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """One line, followed by the traceback if there is one."""
        reconcile = _reconcile.get()
        record.reconcile = f"[{reconcile[1]}] " if reconcile else ""
        return super().format(record)
