"""What a check has found, and the page that is made of all findings. Pure; standard library only."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["good", "warning", "bad", "skipped"]

_MARKS: dict[State, str] = {"good": "✓", "warning": "!", "bad": "✗", "skipped": "-"}
_PLAIN_MARKS: dict[State, str] = {"good": "ok", "warning": "!", "bad": "BAD", "skipped": "-"}
_CHECK_WIDTH = 14


@dataclass(frozen=True)
class Finding:
    """One sentence about one thing; `todo` is what to do, empty where nothing is to be done."""

    check: str
    state: State
    said: str
    todo: str = ""


def good(check: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(check, "good", said)


def warning(check: str, said: str, todo: str) -> Finding:
    """It works, but may not as it is meant."""
    return Finding(check, "warning", said, todo)


def bad(check: str, said: str, todo: str) -> Finding:
    """It does not work."""
    return Finding(check, "bad", said, todo)


def skipped(check: str, said: str) -> Finding:
    """It was not looked at, and why."""
    return Finding(check, "skipped", said)


def is_bad(findings: Iterable[Finding]) -> bool:
    """Whether something does not work."""
    return any(finding.state == "bad" for finding in findings)


def as_lines(finding: Finding, is_plain: bool) -> str:
    """The finding for a person, with what to do below it; `is_plain` with marks in ASCII."""
    mark = _PLAIN_MARKS[finding.state].ljust(3) if is_plain else _MARKS[finding.state]
    line = f"{mark} {finding.check:<{_CHECK_WIDTH}} {finding.said}"
    indent = " " * (len(mark) + _CHECK_WIDTH + 2)
    return f"{line}\n{indent}{'->' if is_plain else '→'} {finding.todo}" if finding.todo else line


def as_sum(findings: Sequence[Finding]) -> str:
    """The last line of the page."""
    counts = {state: sum(finding.state == state for finding in findings) for state in _MARKS}
    said = [f"{counts['good']} good", f"{counts['warning']} to look at", f"{counts['bad']} bad"]
    return ", ".join([*said, *([f"{counts['skipped']} not checked"] if counts["skipped"] else [])])


def as_json(findings: Sequence[Finding], version: str) -> str:
    """All of it for programs."""
    told = {"version": version, "good": not is_bad(findings), "findings": [asdict(one) for one in findings]}
    return json.dumps(told, ensure_ascii=False)
