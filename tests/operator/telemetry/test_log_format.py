"""Log lines: JSON that names the object and the reconcile, and text for people."""

import json
import logging
import sys

from ocr_operator.api.names import NamespacedName
from ocr_operator.telemetry.log_format import JsonFormatter, TextFormatter, reconciling


def _record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    info = sys.exc_info() if error else None
    return logging.LogRecord("ocr_operator.x", logging.WARNING, "x.py", 1, message, arguments, info)


def test_a_json_line_is_one_object() -> None:
    fields = json.loads(JsonFormatter().format(_record("two\nlines of %s", "ü")))
    assert fields.pop("time").endswith("+00:00")
    assert fields == {"level": "warning", "logger": "ocr_operator.x", "message": "two\nlines of ü"}


def test_lines_of_a_reconcile_name_its_object_and_share_an_id() -> None:
    formatter = JsonFormatter()
    with reconciling(NamespacedName("labs", "ocr")):
        first, second = (json.loads(formatter.format(_record("x"))) for _ in range(2))
    with reconciling(NamespacedName("labs", "ocr")):
        later = json.loads(formatter.format(_record("x")))
    assert first["object"] == "labs/ocr"
    assert first["reconcileID"] == second["reconcileID"] != later["reconcileID"]
    assert "object" not in json.loads(formatter.format(_record("x")))


def test_a_traceback_is_part_of_the_json_object() -> None:
    try:
        raise KeyError("gone")
    except KeyError:
        line = JsonFormatter().format(_record("x", error=True))
    assert "\n" not in line
    assert "KeyError" in json.loads(line)["error"]


def test_a_text_line_begins_with_the_reconcile_id() -> None:
    with reconciling(NamespacedName("labs", "ocr")):
        assert TextFormatter().format(_record("it is so")).endswith("] it is so")
    assert TextFormatter().format(_record("it is so")).endswith("WARNING it is so")
