"""A cause: a reason from the closed list, and a sentence that says what was observed and what to do.

Pure. `pod_causes`, `controller_causes` and `write_causes` find causes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ocr_operator.api.conditions import truncated
from ocr_operator.api.reason_groups import INFORMATIONAL, URGENCY
from ocr_operator.api.reasons import Reason

_MAX_DETAIL = 600
"""Characters of a message from Kubernetes in a cause. Guess."""


@dataclass(frozen=True)
class Cause:
    """Why something is not as desired."""

    reason: Reason
    message: str

    @property
    def is_informational(self) -> bool:
        """Whether it does not affect running pods."""
        return self.reason in INFORMATIONAL


def cause_with_action(reason: Reason, observation: str) -> Cause:
    """A cause whose message is the observation, then the reason's action."""
    return Cause(reason, f"{observation}; {reason.action}" if reason.action else observation)


def most_urgent(causes: Iterable[Cause]) -> Cause | None:
    """The cause to show first; None if there are no causes."""
    return min(causes, key=lambda cause: URGENCY.index(cause.reason), default=None)


def detail(text: str) -> str:
    """A message from Kubernetes on one line, truncated."""
    return truncated(" ".join(text.split()), _MAX_DETAIL)
