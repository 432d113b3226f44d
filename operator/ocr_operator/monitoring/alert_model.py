"""What an alert is made of, and the selectors that several alerts share. Pure."""

from dataclasses import dataclass
from typing import Literal

from ocr_operator.api.reason_groups import INFORMATIONAL
from ocr_operator.api.reasons import Reason

Severity = Literal["critical", "warning", "info"]

QUIET_REASONS = "|".join(sorted(INFORMATIONAL | {Reason.PAUSED}))
"""Regular expression of the reasons that need no action, so that no alert fires for them."""

VARIANT_LABELS = (
    "{{ $labels.namespace }}/{{ $labels.ocrbackend }} {{ $labels.language }}/{{ $labels.model_type }}"
)
"""Prometheus template that names the variant of an alert."""


@dataclass(frozen=True)
class Alert:
    """One alert. `summary` may hold Prometheus templates; `meaning` and `action` are sentences of the manual.

    `for_duration` is how long the expression must hold. With `by_reason`, the series carry the reason of an
    OCRBackend, and the runbook is the section of that reason.
    """

    name: str
    severity: Severity
    for_duration: str
    expression: str
    summary: str
    meaning: str
    action: str
    by_reason: bool = False
