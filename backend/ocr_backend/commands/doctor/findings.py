"""The result of a check, and its output as text and JSON. Pure; standard library only."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["good", "warning", "bad", "skipped"]

_MARKS: dict[State, str] = {"good": "✓", "warning": "!", "bad": "✗", "skipped": "-"}
_PLAIN_MARKS: dict[State, str] = {"good": "ok", "warning": "!", "bad": "BAD", "skipped": "-"}
_CHECK_WIDTH = 14


@dataclass(frozen=True)
class Finding:
    """The result of one check; `action` says what to do, or is empty."""

    check: str
    state: State
    message: str
    action: str = ""


def good(check: str, message: str) -> Finding:
    """No problem."""
    return Finding(check, "good", message)


def warning(check: str, message: str, action: str) -> Finding:
    """It works, but perhaps not as intended."""
    return Finding(check, "warning", message, action)


def bad(check: str, message: str, action: str) -> Finding:
    """It does not work."""
    return Finding(check, "bad", message, action)


def skipped(check: str, message: str) -> Finding:
    """It was not checked; the message says why."""
    return Finding(check, "skipped", message)


def is_bad(findings: Iterable[Finding]) -> bool:
    """Whether anything does not work."""
    return any(finding.state == "bad" for finding in findings)


def as_text(finding: Finding, is_plain: bool) -> str:
    """The finding with its action on a second line; `is_plain` uses ASCII marks."""
    mark = _PLAIN_MARKS[finding.state].ljust(3) if is_plain else _MARKS[finding.state]
    line = f"{mark} {finding.check:<{_CHECK_WIDTH}} {finding.message}"
    if not finding.action:
        return line
    indent = " " * (len(mark) + _CHECK_WIDTH + 2)
    return f"{line}\n{indent}{'->' if is_plain else '→'} {finding.action}"


def summary(findings: Sequence[Finding]) -> str:
    """The number of findings in each state."""
    counts = {state: sum(finding.state == state for finding in findings) for state in _MARKS}
    plural = "" if counts["warning"] == 1 else "s"
    parts = [f"{counts['good']} good", f"{counts['warning']} warning{plural}", f"{counts['bad']} bad"]
    return ", ".join([*parts, *([f"{counts['skipped']} skipped"] if counts["skipped"] else [])])


def as_json(findings: Sequence[Finding], version: str) -> str:
    """All findings as one JSON object."""
    rows = [
        {"check": finding.check, "state": finding.state, "message": finding.message, "action": finding.action}
        for finding in findings
    ]
    content = {"version": version, "good": not is_bad(findings), "findings": rows}
    return json.dumps(content, ensure_ascii=False)
