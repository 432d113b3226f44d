"""Reads settings from environment variables and finds misspelt names.

Knows the form of a setting but no particular one. Standard library only.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ocr_backend.config.setting_fields import InvalidTextError, Problem, Setting, raw_text

PREFIXES = ("OCR_", "PADDLEOCR_")
"""Variables with these prefixes must be settings; any other is a mistake."""

FOREIGN_NAMES = frozenset(
    {
        "OCR_CACHE_DIR",  # the project's demo and tests store their builds there
        "PADDLEOCR_ACCESS_TOKEN",  # of the paddleocr package
        "PADDLEOCR_BASE_URL",
        "PADDLEOCR_DISABLE_AUTO_LOGGING_CONFIG",
    }
)
"""Variables with these prefixes that other programs use."""

# For a Service named `ocr` or `ocr-...`, the kubelet sets these in every pod of the namespace. One of
# them has the name of our own OCR_PORT (kubernetes.io, "Discovering services: environment variables").
_SERVICE_LINK_NAME = re.compile(
    r".*(_SERVICE_HOST|_SERVICE_PORT(_.+)?|_PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)"
)
_SERVICE_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://\S+:\d+")


def without_service_links(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the variables that Kubernetes sets for Services."""
    return {
        name: text
        for name, text in environment.items()
        if not _SERVICE_LINK_NAME.fullmatch(name) and not _SERVICE_LINK_VALUE.fullmatch(text)
    }


def parse(
    table: Sequence[Setting], environment: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The values of the settings in the environment, and a problem for each text that cannot be parsed."""
    values: dict[str, Any] = {}
    problems = []
    for setting in table:
        text = raw_text(setting, environment)
        if text is None:
            continue
        try:
            values[setting.name] = setting.parse(text)
        except InvalidTextError as error:
            problems.append(Problem(setting.env, str(error)))
    return values, tuple(problems)


def unknown_names(table: Sequence[Setting], environment: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for each variable that has one of our prefixes but is not a setting, sorted by name."""
    names = {name for setting in table for name in (setting.env, *setting.aliases)}
    for name in sorted(environment):
        if name.startswith(PREFIXES) and name not in names | FOREIGN_NAMES and environment[name].strip():
            matches = difflib.get_close_matches(name, sorted(names), n=1)
            advice = f"did you mean {matches[0]}?" if matches else "remove it"
            yield Problem(name, f"no setting has this name; {advice}")
