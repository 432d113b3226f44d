"""The closed list of reasons: each with its meaning and the next action, from most to least urgent.

Pure data, and the only place that words them: conditions, messages, events, metrics and docs/reasons.md take
them from here. `causes` finds which one holds.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a condition has its status. Those of a variant that is not ready stand in order of urgency."""

    meaning: str
    action: str

    def __new__(cls, word: str, meaning: str = "", action: str = "") -> "Reason":
        """A word with what it means and what to do; an empty action: nothing is to be done.

        The defaults are for type checkers: `Reason("Invalid")` looks a member up and makes none.
        """
        reason = str.__new__(cls, word)
        reason._value_ = word
        reason.meaning, reason.action = meaning, action
        return reason

    INVALID = (
        "Invalid",
        "The backend's own rules, or the API server, refuse what the spec asks for.",
        "change the spec, its extraEnv or its Secrets",
    )
    CONFLICT = (
        "Conflict",
        "An object of somebody else has the name that a child needs.",
        "delete or rename it, or give the OCRBackend another name; it is left alone until then",
    )
    FORBIDDEN = (
        "Forbidden",
        "A policy (PodSecurity, say) or a missing right keeps an object or a pod from being made.",
        "change the policy or the spec",
    )
    QUOTA_EXCEEDED = (
        "QuotaExceeded",
        "A ResourceQuota keeps an object or a pod from being made.",
        "raise the quota, or lower spec.variants[].resources or replicas",
    )
    SECRET_NOT_FOUND = (
        "SecretNotFound",
        "A Secret that the spec names, or its key, is not there.",
        "create the Secret or the key, or change the reference in the spec",
    )
    CLAIM_NOT_FOUND = (
        "ClaimNotFound",
        "The PersistentVolumeClaim that the spec names is not there.",
        "create it, or change spec.models.storage.existingClaim",
    )
    STORAGE_CLASS_NOT_FOUND = (
        "StorageClassNotFound",
        "The StorageClass that the volume asks for is not there.",
        "make it, or make the OCRBackend again with another spec.models.storage.storageClassName, which "
        "cannot change (`kubectl get storageclass` lists them)",
    )
    IMAGE_PULL_FAILED = (
        "ImagePullFailed",
        "The node cannot get the image.",
        "check spec.image, or spec.models.image, its pullSecrets and that the node reaches the registry",
    )
    GOLDEN_MISMATCH = (
        "GoldenMismatch",
        "The models read the golden sample wrongly: they, or the engine on this node, do not work.",
        "check the models, or choose another spec.engine",
    )
    DOWNLOAD_FAILED = (
        "DownloadFailed",
        "The backend cannot download its models.",
        "let the node reach a hub, name a mirror in spec.models.mirror, or use spec.models.source Claim or "
        "Image; it is tried again",
    )
    MODEL_NOT_FOUND = (
        "ModelNotFound",
        "The hub or mirror does not have a model that is needed.",
        "put it there, name another hub or mirror in spec.models, or choose another ocrVersion or variant; "
        "it is tried again",
    )
    MODELS_MISSING = (
        "ModelsMissing",
        "A model that is needed is not on the volume or in the image, and may not be downloaded: "
        "spec.models.source is Claim or Image, or spec.models.offline is true.",
        "put its folder there (docs/models.md names it), or set spec.models.source to Hub and "
        "spec.models.offline to false",
    )
    CHECKSUM_MISMATCH = (
        "ChecksumMismatch",
        "What was downloaded is not what the hub announced, and was thrown away.",
        "see whether a proxy or the mirror in spec.models.mirror changes files or lists wrong checksums, or "
        "name another mirror; it is tried again",
    )
    STORAGE_FULL = (
        "StorageFull",
        "The volume has no room for the models, or cannot be written.",
        "raise spec.models.storage.size, enlarge or free the claim that existingClaim names, or let user "
        "10001 write it; it is tried again",
    )
    MODELS_DAMAGED = (
        "ModelsDamaged",
        "The files of a model are there, but incomplete or of no use.",
        "delete the Job in status.variants[].models.job: the next one looks the volume over and fetches what "
        "is damaged; on a claim or in an image of your own, put the whole official folder there",
    )
    MODEL_LOAD_FAILED = (
        "ModelLoadFailed",
        "The backend cannot load its models for another reason, which its log names.",
        "check spec.models and spec.engine; the pod's log says more",
    )
    OOM_KILLED = (
        "OOMKilled",
        "The container used more memory than its limit.",
        "raise spec.variants[].resources.limits.memory",
    )
    CRASH_LOOPING = (
        "CrashLooping",
        "The container ends for another reason.",
        "see `kubectl logs --previous` of the pod",
    )
    EVICTED = (
        "Evicted",
        "The pod's node ran short of memory or disk, or the pod had more on disk than it may, so the kubelet "
        "ended it; the pod in its place is not ready yet.",
        "raise spec.variants[].resources.requests (memory, ephemeral-storage) or give the nodes more; where "
        "the volume tmp was full, lower spec.server.imageCacheBytes",
    )
    MOUNT_FAILED = (
        "MountFailed",
        "The node cannot attach or mount the volume.",
        "see `kubectl describe pod`; a volume that is ReadWriteOnce can be used on one node only: for "
        "several make the OCRBackend again with spec.models.storage.accessMode ReadWriteMany, or use "
        "spec.models.source Image",
    )
    CONTAINER_NOT_CREATED = (
        "ContainerNotCreated",
        "The node cannot make the container.",
        "see `kubectl describe pod`",
    )
    INSUFFICIENT_DEVICE = (
        "InsufficientDevice",
        "No node has the device free.",
        "free the device or add a node with it, or change spec.accelerator",
    )
    STORAGE_PENDING = (
        "StoragePending",
        "The volume is not made yet.",
        "see `kubectl describe pvc`: a claim without a StorageClass needs the cluster's default one, and "
        "spec.models.storage.storageClassName names another when the OCRBackend is made",
    )
    UNSCHEDULABLE = (
        "Unschedulable",
        "No node takes the pod.",
        "add room or nodes, lower spec.variants[].resources, or change spec.placement",
    )
    NODE_LOST = (
        "NodeLost",
        "The pod's node no longer reports to the API server.",
        "see `kubectl describe node`; a node that is gone for good has to be deleted",
    )
    PROGRESS_DEADLINE_EXCEEDED = (
        "ProgressDeadlineExceeded",
        "Not ready in time, and no more is known.",
        "see the pods, or raise spec.rollout.progressDeadlineSeconds",
    )
    ROLLED_BACK = (
        "RolledBack",
        "A new revision was not ready within spec.rollout.progressDeadlineSeconds and was taken back.",
        "change the spec: each new revision is tried anew, and spec.rollout.autoRollback false keeps one "
        "that fails",
    )
    ROLLOUT_HELD = (
        "RolloutHeld",
        "Another variant was taken back with the image that this one would get, so the previous one serves.",
        "change spec.image, or set spec.rollout.autoRollback to false to try it all the same",
    )
    TERMINATING = (
        "Terminating",
        "A child of a deleted OCRBackend of the same name is still being removed.",
        "",
    )
    API_MISSING = (
        "ApiMissing",
        "The cluster does not have the API of a child that the spec asks for.",
        "install it, or set spec.monitoring.serviceMonitor to Auto or Never",
    )
    VOLUME_NOT_EXPANDABLE = (
        "VolumeNotExpandable",
        "spec.models.storage.size has grown, and the StorageClass of the volume cannot expand volumes. The "
        "volume stays as it is, and what serves goes on.",
        "let the StorageClass do so (allowVolumeExpansion), or make another OCRBackend with a larger volume",
    )
    API_ERROR = ("ApiError", "The API server failed.", "it is tried again")
    FETCHING = ("Fetching", "The models are on their way to the volume.", "")
    ROLLOUT_QUEUED = (
        "RolloutQueued",
        "A new revision waits until those of other variants are rolled out, the previous one serves.",
        "",
    )
    ROLLING_OUT = ("RollingOut", "A new revision is on its way, the previous one serves.", "")
    STARTING = ("Starting", "The first pods are on their way.", "")
    # Reasons of conditions that are not about a trouble.
    PAUSED = ("Paused", "spec.paused is true.", "set spec.paused to false")
    COMPLETE = ("Complete", "Nothing is on its way.", "")
    APPLIED = ("Applied", "All children were written.", "")
    LOADED = ("Loaded", "Every variant's models are loaded and have read the golden sample.", "")
    AS_EXPECTED = ("AsExpected", "Nothing needs anybody's help.", "")
    AVAILABLE = ("Available", "All variants serve.", "")


URGENCY = tuple(Reason)
"""Most urgent first: what the Ready condition names where several variants are not ready."""

PASSING = frozenset(
    {
        Reason.FETCHING,
        Reason.STARTING,
        Reason.ROLLING_OUT,
        Reason.ROLLOUT_QUEUED,
        Reason.TERMINATING,
        Reason.API_MISSING,
        Reason.VOLUME_NOT_EXPANDABLE,
        Reason.API_ERROR,
    }
)
"""Reasons that take nothing away from what serves: they go away by themselves, or concern no pod."""

WAITING = frozenset(
    {
        Reason.EVICTED,
        Reason.INSUFFICIENT_DEVICE,
        Reason.STORAGE_PENDING,
        Reason.UNSCHEDULABLE,
        Reason.NODE_LOST,
        Reason.PAUSED,
    }
)
"""Reasons to wait for something from outside: a node, a volume, another pod, the end of a pause."""

GOOD = frozenset(
    {Reason.COMPLETE, Reason.APPLIED, Reason.LOADED, Reason.AS_EXPECTED, Reason.AVAILABLE},
)
"""Reasons of conditions that are as one wishes."""

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
        Reason.FETCHING,
        Reason.MODELS_DAMAGED,
        Reason.MODEL_LOAD_FAILED,
        Reason.MOUNT_FAILED,
        Reason.STORAGE_PENDING,
    }
)
"""Reasons why models are not there or do not work."""
