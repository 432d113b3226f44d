"""Which variables of an environment speak to the backend, and which of those it does not know.

Knows the form of the settings table but no setting; `settings.from_env` calls it. Standard library only.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ocr_backend.config.setting_fields import BadTextError, Problem, Setting, text_of

PREFIXES = ("OCR_", "PADDLEOCR_")
"""Names that begin so are ours: one that we do not know is a mistake."""

OTHERS = frozenset(
    {
        "OCR_CACHE_DIR",  # where the project's demo and tests keep what they build
        "PADDLEOCR_ACCESS_TOKEN",  # of the paddleocr package
        "PADDLEOCR_BASE_URL",
        "PADDLEOCR_DISABLE_AUTO_LOGGING_CONFIG",
    }
)
"""Names with our prefixes that are somebody else's."""

# A Service named `ocr` or `ocr-...` in the namespace makes the kubelet set these in every pod, even one
# named as our own OCR_PORT (kubernetes.io, "Discovering services: environment variables").
_SERVICE_LINK_NAME = re.compile(
    r".*(_SERVICE_HOST|_SERVICE_PORT(_.+)?|_PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)"
)
_SERVICE_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://\S+:\d+")


def without_service_links(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the variables that Kubernetes makes of Services."""
    return {
        name: text
        for name, text in environment.items()
        if not _SERVICE_LINK_NAME.fullmatch(name) and not _SERVICE_LINK_VALUE.fullmatch(text)
    }


def values(
    rows: Sequence[Setting], environment: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Values of the settings that the environment names, and a problem for each text that is none."""
    read: dict[str, Any] = {}
    problems = []
    for row in rows:
        text = text_of(row, environment)
        if text is None:
            continue
        try:
            read[row.name] = row.parse(text)
        except BadTextError as error:
            problems.append(Problem(row.env, str(error)))
    return read, tuple(problems)


def unknown_names(rows: Sequence[Setting], environment: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for each set variable with one of our prefixes that no setting has, in order of name."""
    known = {name for row in rows for name in (row.env, *row.aliases)}
    for name in sorted(environment):
        if name.startswith(PREFIXES) and name not in known | OTHERS and environment[name].strip():
            near = difflib.get_close_matches(name, sorted(known), n=1)
            advice = f"did you mean {near[0]}?" if near else "remove it"
            yield Problem(name, f"no setting has this name; {advice}")
