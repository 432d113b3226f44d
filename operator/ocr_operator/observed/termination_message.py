"""The line of a termination message that says why the container ended, without timestamp, level and logger.

Pure. The kubelet keeps the last lines of the log (at most 2048 bytes) as the pod's termination message. The
backend writes them as text or as JSON (`ocr_backend.telemetry.log_format`), other programs in any form.
"""

import json
import re

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT[0-9:.]+Z ([A-Z]+) \S+ \[[^\]]*\] ")
_TRACEBACK = "Traceback (most recent call last):"
_MAX_LINES = 8
_FATAL = "CRITICAL"
"""Level of the one log entry in which the backend says why it ends."""

Line = tuple[str, str]
"""Level, empty if unknown, and text."""


def termination_message(log: str) -> str:
    """The backend's last fatal log entry, or else the last line with the lines that it continues."""
    lines = [parsed for line in _COLOUR.sub("", log).splitlines() for parsed in _parsed(line.rstrip())]
    fatal = [number for number, (level, _) in enumerate(lines) if level == _FATAL]
    if fatal:
        return _entry([text for _, text in lines[fatal[-1] :]])
    return _last_entry([text for _, text in lines])


def _parsed(line: str) -> list[Line]:
    if not line.strip():
        return []
    if line.startswith("{"):
        return _parsed_json(line)
    if prefix := _LOG_LINE.match(line):
        return [(prefix[1], line[prefix.end() :])]
    return [("", line)]


def _parsed_json(line: str) -> list[Line]:
    try:
        entry = json.loads(line)
    except ValueError:  # the start of the line was cut off
        return [("", line)]
    traceback = [("", text) for text in str(entry.get("traceback", "")).splitlines()]
    return [(str(entry.get("level", "")), str(entry.get("message", line))), *traceback]


def _entry(lines: list[str]) -> str:
    """The message of an entry, with the error at the end of its traceback."""
    if _TRACEBACK in lines[1:]:
        return f"{lines[0]}: {_last_entry(lines)}"
    return lines[0]


def _last_entry(lines: list[str]) -> str:
    start = len(lines) - 1
    while start > max(0, len(lines) - _MAX_LINES) and lines[start][0].isspace():
        start -= 1
    return " ".join(lines[max(start, 0) :])
