"""Groups of reasons by how urgent they are and what they concern.

Pure data; alerts, events, conditions and docs/reasons.md use them. A reason in none of the first three groups
requires action.
"""

from ocr_operator.api.reasons import Reason

INFORMATIONAL = frozenset(
    {
        Reason.DOWNLOADING,
        Reason.STARTING,
        Reason.ROLLING_OUT,
        Reason.ROLLOUT_QUEUED,
        Reason.TERMINATING,
        Reason.API_MISSING,
        Reason.VOLUME_NOT_EXPANDABLE,
        Reason.API_ERROR,
    }
)
"""Reasons that do not affect running pods: they resolve by themselves or concern no pod."""

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
