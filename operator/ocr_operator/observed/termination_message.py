"""What the end of a container's log says of why it ended: the event that matters, without the log's dress.

Pure. The kubelet keeps the last lines of the log (at most 2048 bytes) as the pod's termination message; the
backend writes them as text or as JSON (`ocr_backend.telemetry.log_format`), other programs as they like.
"""

import json
import re

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_EVENT = re.compile(r"^\d{4}-\d\d-\d\dT[0-9:.]+Z ([A-Z]+) \S+ \[[^\]]*\] ")
_MAX_LINES = 8
_FATAL = "CRITICAL"
"""The level of the one event by which the backend tells why it ends."""

Line = tuple[str, str]
"""Level, empty where none is known, and text."""


def termination_message(log: str) -> str:
    """The event by which the backend ended, or else the last line with the lines that it is a part of."""
    lines = [found for line in _COLOUR.sub("", log).splitlines() for found in _lines(line.rstrip())]
    fatal = [number for number, (level, _) in enumerate(lines) if level == _FATAL]
    if fatal:
        return _event([text for _, text in lines[fatal[-1] :]])
    return _end([text for _, text in lines])


def _lines(line: str) -> list[Line]:
    if not line.strip():
        return []
    if line.startswith("{"):
        return _of_json(line)
    if event := _EVENT.match(line):
        return [(event[1], line[event.end() :])]
    return [("", line)]


def _of_json(line: str) -> list[Line]:
    try:
        told = json.loads(line)
    except ValueError:  # only the end of it was kept
        return [("", line)]
    traceback = [("", one) for one in str(told.get("traceback", "")).splitlines()]
    return [(str(told.get("level", "")), str(told.get("message", line))), *traceback]


def _event(lines: list[str]) -> str:
    """Its message, with the error at the end of its traceback where it has one."""
    if "Traceback (most recent call last):" in lines[1:]:
        return f"{lines[0]}: {_end(lines)}"
    return lines[0]


def _end(lines: list[str]) -> str:
    start = len(lines) - 1
    while start > max(0, len(lines) - _MAX_LINES) and lines[start][0].isspace():
        start -= 1
    return " ".join(lines[max(start, 0) :])
