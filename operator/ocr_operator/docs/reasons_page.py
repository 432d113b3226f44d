"""docs/reasons.md: every reason, its meaning and the next action, under an anchor that alerts can link to.

Pure; `generated_files` writes the page.
"""

from ocr_operator.api.reasons import GOOD, PASSING, WAITING, Reason

_HEADER = """# Reasons

<!-- Made by `make generate` from operator/ocr_operator/api/reasons.py; edit that, not this. -->

Whatever keeps an OCRBackend from serving has one of these reasons. The same word stands in the conditions and
variants of its status (`kubectl describe ocrb NAME`), in an Event of the object, in the operator's metrics
`ocrbackend_status_condition` and `ocrbackend_status_variant`, and in the answer of `kubectl ocr why NAME`.
The message beside it says what was seen and what to do. The most urgent stand first; where several hold,
`Ready` names the first.

| Reason | Kind | Meaning |
| --- | --- | --- |
"""
_KINDS = {
    "help": "needs help",
    "waiting": "waits for something outside",
    "passing": "takes nothing away from what serves",
    "good": "as it should be",
}


def page() -> str:
    """The page."""
    rows = (f"| [{one}](#{one.lower()}) | {_kind(one)} | {one.meaning} |\n" for one in Reason)
    return _HEADER + "".join(rows) + "".join(map(_section, Reason))


def _kind(reason: Reason) -> str:
    classes = (("waiting", WAITING), ("passing", PASSING), ("good", GOOD))
    return _KINDS[next((name for name, held in classes if reason in held), "help")]


def _section(reason: Reason) -> str:
    action = f"{reason.action[0].upper()}{reason.action[1:]}." if reason.action else "Nothing is to be done."
    return f"\n## {reason}\n\n{reason.meaning} {action}\n"
