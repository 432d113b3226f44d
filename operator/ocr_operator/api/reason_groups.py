"""Groups of reasons by how urgent they are and what they concern.

Pure data; alerts, events, conditions and docs/reasons.md use them. A reason in none of the first three groups
requires action.
"""

from dataclasses import dataclass

from ocr_operator.api.reasons import Reason

URGENCY = tuple(Reason)
"""Most urgent first: what the Ready condition names where several variants are not ready."""


@dataclass(frozen=True)
class Deadline:
    """When a reason that ends by itself has lasted too long, and the reason that replaces it then.

    `seconds`: None for spec.rollout.progressDeadlineSeconds.
    """

    late_reason: Reason
    seconds: int | None = None


DEADLINES = {
    Reason.DOWNLOADING: Deadline(Reason.DOWNLOAD_STALLED),
    Reason.STARTING: Deadline(Reason.PROGRESS_DEADLINE_EXCEEDED),
    Reason.ROLLING_OUT: Deadline(Reason.PROGRESS_DEADLINE_EXCEEDED),
    Reason.ROLLOUT_QUEUED: Deadline(Reason.PROGRESS_DEADLINE_EXCEEDED),
    Reason.TERMINATING: Deadline(Reason.DELETION_STALLED, 300),
    Reason.API_ERROR: Deadline(Reason.WRITE_FAILED, 300),
}
"""The reasons that end by themselves."""

WITHOUT_EFFECT = frozenset({Reason.API_MISSING, Reason.VOLUME_NOT_EXPANDABLE, Reason.VOLUME_DIFFERS})
"""Reasons that last but concern no pod."""

INFORMATIONAL = WITHOUT_EFFECT | DEADLINES.keys()
"""Reasons that do not affect running pods: they end by themselves or concern no pod."""

LATE_WRITES = frozenset({Reason.WRITE_FAILED, Reason.DELETION_STALLED})
"""Reasons of managed objects that cannot be written, which do not affect running pods either."""

EXTERNAL = frozenset(
    {
        Reason.EVICTED,
        Reason.INSUFFICIENT_DEVICE,
        Reason.STORAGE_PENDING,
        Reason.UNSCHEDULABLE,
        Reason.NODE_LOST,
        Reason.READINESS_GATES_NOT_READY,
        Reason.PAUSED,
    }
)
"""Reasons that wait for something external: a node, a volume, another pod, or the end of a pause."""

REVISION_FAULTS = frozenset(
    {
        Reason.INVALID,
        Reason.GOLDEN_MISMATCH,
        Reason.MODEL_LOAD_FAILED,
        Reason.OOM_KILLED,
        Reason.CRASH_LOOPING,
        Reason.CONTAINER_NOT_CREATED,
        Reason.PROGRESS_DEADLINE_EXCEEDED,
    }
)
"""Reasons for which the revision is to blame; after a rollback for another reason it is tried again."""

FINAL = frozenset(
    {Reason.INVALID, Reason.ROLLED_BACK, Reason.ROLLOUT_HELD}
    | {deadline.late_reason for deadline in DEADLINES.values()}
)
"""Reasons that waiting does not end."""

NORMAL = frozenset(
    {Reason.SUSPENDED, Reason.COMPLETE, Reason.APPLIED, Reason.LOADED, Reason.AS_EXPECTED, Reason.AVAILABLE},
)
"""Reasons of conditions that report no problem."""

ABOUT_MODELS = frozenset(
    {
        Reason.CLAIM_NOT_FOUND,
        Reason.STORAGE_CLASS_NOT_FOUND,
        Reason.GOLDEN_MISMATCH,
        Reason.DOWNLOAD_FAILED,
        Reason.DOWNLOAD_STALLED,
        Reason.MODEL_NOT_FOUND,
        Reason.MODELS_MISSING,
        Reason.CHECKSUM_MISMATCH,
        Reason.STORAGE_FULL,
        Reason.DOWNLOADING,
        Reason.MODELS_DAMAGED,
        Reason.MODEL_LOAD_FAILED,
        Reason.MOUNT_FAILED,
        Reason.STORAGE_PENDING,
    }
)
"""Reasons why models are missing or do not work."""
