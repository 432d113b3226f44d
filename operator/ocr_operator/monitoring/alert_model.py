"""What an alert is made of, and the selectors and templates that several alerts share. Pure."""

from dataclasses import dataclass
from typing import Literal

from ocr_operator.api.reason_groups import INFORMATIONAL
from ocr_operator.api.reasons import Reason

Severity = Literal["critical", "warning", "info"]
Source = Literal["kube-state-metrics", "kubelet"]
"""Who exports metrics that are not this product's."""

QUIET_REASONS = "|".join(sorted(INFORMATIONAL | {Reason.PAUSED}))
"""Regular expression of the reasons that need no action."""

VARIANT_LABELS = "{{ $labels.namespace }}/{{ $labels.ocrbackend }} {{ $labels.variant }}"
"""Prometheus template that names the variant of an alert."""


@dataclass(frozen=True)
class Alert:
    """One alert. `summary` may hold Prometheus templates; `meaning` and `action` are sentences of the manual.

    `for_duration` is how long the expression must hold. `reason_selector` is a PromQL selector, in which
    `$LABEL` stands for a label of the alert; its series carry the reason, and the runbook is the section of
    that reason. The reason is no label of the alert: a reason that changes must not start it anew. `source`
    exports the metrics that the alert needs besides this product's.
    """

    name: str
    severity: Severity
    for_duration: str
    expression: str
    summary: str
    meaning: str
    action: str
    reason_selector: str = ""
    source: Source | None = None
