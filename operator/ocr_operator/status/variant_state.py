"""The state of one variant, as the status shows it.

Pure values; `variant_status` computes them.
"""

from dataclasses import dataclass

from ocr_operator.api.conditions import Phase
from ocr_operator.api.reason_groups import EXTERNAL, FINAL, INFORMATIONAL
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import VariantName
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.container_failures import Failure
from ocr_operator.observed.rollout_record import RolledBack
from ocr_operator.status.model_downloads import ModelDownload


@dataclass(frozen=True)
class VariantState:
    """One variant. `cause`: why it is not ready; None if it is.

    `desired`, `updated`, `ready` and `loaded` count pods; `loaded` are the ready pods of the target revision.
    `download`: None if no models are downloaded for it.
    """

    name: VariantName
    language: str
    model_type: str
    phase: Phase
    cause: Cause | None
    desired: int
    updated: int
    ready: int
    loaded: int
    current: str
    target: str
    last_good: str
    is_late: bool
    last_failure: Failure | None
    rolled_back: RolledBack | None = None
    is_suspended: bool = False
    download: ModelDownload | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it serves as the spec says."""
        return self.phase is Phase.READY

    @property
    def has_loaded(self) -> bool:
        """Whether a pod of the target revision has loaded the models."""
        return self.is_ready or self.loaded > 0

    @property
    def needs_action(self) -> bool:
        """Whether it has a problem that does not end by itself; a pause does not count."""
        return self.cause is not None and self.cause.reason not in INFORMATIONAL | {Reason.PAUSED}

    @property
    def is_stalled(self) -> bool:
        """Whether waiting makes no sense any more."""
        return self.is_late or (self.cause is not None and self.cause.reason in FINAL)

    @property
    def is_progressing(self) -> bool:
        """Whether it may still become ready by itself, within its deadline."""
        return self.cause is not None and self.cause.reason in INFORMATIONAL | EXTERNAL and not self.is_late
