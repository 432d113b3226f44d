"""Everything that is known of one variant: spec, Deployment, rollout, pods and download.

Pure values; `variant_status` computes the variant's state from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import Variant
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.controller_causes import deployment_cause
from ocr_operator.observed.first_cause import is_rolled_out
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.rollout_record import RolledBack
from ocr_operator.planning.rollout_state import RolloutState
from ocr_operator.status.deadlines import rollout_progress_time
from ocr_operator.status.model_downloads import ModelDownload


@dataclass(frozen=True)
class VariantView:
    """One variant. `variant` and `rollout` are None if its settings are invalid.

    `pods` are running; `lost` were evicted, or cannot end because their node is lost. `problems`: why its
    objects could not be written. `previous`: its entry in the previous status. `queue_progress_time`: when
    the rollout of any variant made progress the last time.
    """

    variant: Variant | None
    deployment: ObservedObject | None
    rollout: RolloutState | None
    pods: tuple[ObservedPod, ...]
    lost: tuple[ObservedPod, ...]
    problems: tuple[Cause, ...]
    download: ModelDownload | None
    previous: Mapping[str, Any] = field(default_factory=dict)
    queue_progress_time: datetime | None = None

    @property
    def is_suspended(self) -> bool:
        """Whether it must run no pods."""
        return self.variant is not None and self.variant.is_suspended

    @property
    def target(self) -> str:
        """The revision in the spec; empty if the settings are invalid."""
        return self.rollout.target if self.rollout else ""

    @property
    def rolled_back(self) -> RolledBack | None:
        """The rollback of the revision in the spec."""
        return self.rollout.record.rolled_back if self.rollout else None

    @property
    def ready_pods(self) -> list[ObservedPod]:
        """Ready pods of any revision."""
        return [pod for pod in self.pods if pod.is_ready]

    @property
    def has_previous(self) -> bool:
        """Whether pods of another revision serve."""
        return any(pod.revision != self.target for pod in self.ready_pods)

    @property
    def is_target_rolled_out(self) -> bool:
        """Whether only the target revision runs, with enough ready pods.

        This counts pods: a Deployment's own count is out of date after any change of its metadata.
        """
        return self._is_rolled_out(self.target)

    @property
    def is_applied_rolled_out(self) -> bool:
        """The same for the revision that must run now, which may be an earlier one."""
        return self.rollout is not None and self._is_rolled_out(self.rollout.applied)

    def _is_rolled_out(self, revision: str) -> bool:
        if self.variant is None or self.deployment is None or self.deployment.revision != revision:
            return False
        return is_rolled_out(revision, self.pods, self.variant.needed_replicas)

    @property
    def progress_time(self) -> datetime | None:
        """When its download or its rollout made progress the last time; None if unknown."""
        download_time = self.download.progress_time if self.download else None
        times = (rollout_progress_time(self.deployment), download_time)
        return max(filter(None, times), default=None)

    @property
    def pending_download(self) -> ModelDownload | None:
        """The download that must end before pods of the target revision are created."""
        is_created = self.deployment is not None and self.deployment.revision == self.target
        return None if is_created or self.download is None or self.download.is_published else self.download

    @property
    def is_late(self) -> bool:
        """Whether the target revision missed its progress deadline."""
        if self.deployment is None or self.deployment.revision != self.target:
            return False
        cause = deployment_cause(self.deployment)
        return cause is not None and cause.reason is Reason.PROGRESS_DEADLINE_EXCEEDED
