"""The closed list of reasons, each with its meaning and the next action.

Pure data, and the only place for these texts: conditions, messages, events, metrics and docs/reasons.md use
them. `causes` finds out which reason applies.
"""

from ocr_operator.api.described_word import DescribedWord


class Reason(DescribedWord):
    """Why a condition has its status, most urgent first."""

    INVALID = (
        "Invalid",
        "The backend or the API server rejects the spec.",
        "correct the spec, its env or its Secrets",
    )
    CONFLICT = (
        "Conflict",
        "Another object already uses the name of a managed object.",
        "delete or rename that object, or give the OCRBackend another name; the operator leaves the object "
        "unchanged until then",
    )
    FORBIDDEN = (
        "Forbidden",
        "A policy, such as Pod Security, or a missing permission prevents an object or pod from being "
        "created.",
        "change the policy, the permissions or the spec",
    )
    QUOTA_EXCEEDED = (
        "QuotaExceeded",
        "A ResourceQuota prevents an object or pod from being created.",
        "raise the quota, or lower spec.variants[].resources or replicas",
    )
    SECRET_NOT_FOUND = (
        "SecretNotFound",
        "A Secret that the spec refers to, or its key, does not exist.",
        "create the Secret or the key, or change the reference in the spec",
    )
    CLAIM_NOT_FOUND = (
        "ClaimNotFound",
        "The PersistentVolumeClaim that the spec refers to does not exist.",
        "create it, or change spec.models.storage.claimName",
    )
    STORAGE_CLASS_NOT_FOUND = (
        "StorageClassNotFound",
        "The StorageClass of the volume does not exist.",
        "create it, or recreate the OCRBackend with another spec.models.storage.storageClassName, which is "
        "immutable (`kubectl get storageclass` lists them)",
    )
    IMAGE_PULL_FAILED = (
        "ImagePullFailed",
        "The node cannot pull the image.",
        "check spec.image, spec.models.image and their pullSecrets, and that the node can reach the registry",
    )
    GOLDEN_MISMATCH = (
        "GoldenMismatch",
        "The models misread the golden sample: the models, or the engine on this node, do not work "
        "correctly.",
        "check the models, or choose another spec.engine",
    )
    DOWNLOAD_FAILED = (
        "DownloadFailed",
        "The models cannot be downloaded.",
        "let the node reach a hub, set a mirror in spec.models.mirror, or use spec.models.source Claim or "
        "Image; the download is retried",
    )
    DOWNLOAD_STALLED = (
        "DownloadStalled",
        "The download of the models makes no progress.",
        "see the Job in status.variants[].models.job and its pod: the Job may be suspended, the volume may "
        "hang, a sidecar may keep running, or the operator may not reach the pod to read its progress",
    )
    MODEL_NOT_FOUND = (
        "ModelNotFound",
        "The hub or mirror does not have a required model.",
        "add the model to the mirror, set another hub or mirror in spec.models, or choose another ocrVersion "
        "or variant; the download is retried",
    )
    MODELS_MISSING = (
        "ModelsMissing",
        "A required model is not on the volume or in the image, and downloads are disabled: "
        "spec.models.source is Claim or Image, or spec.models.offline is true.",
        "add the model folder (docs/models.md lists the names), or set spec.models.source to Hub and "
        "spec.models.offline to false",
    )
    CHECKSUM_MISMATCH = (
        "ChecksumMismatch",
        "The downloaded files did not match the checksums of the hub and were discarded.",
        "check whether a proxy, or the mirror in spec.models.mirror, changes files or lists wrong checksums, "
        "or set another mirror; the download is retried",
    )
    STORAGE_FULL = (
        "StorageFull",
        "The volume has no space left for the models, or is not writable.",
        "increase spec.models.storage.size, expand or clean up the claim in claimName, or make it "
        "writable for user 10001; the download is retried",
    )
    MODELS_DAMAGED = (
        "ModelsDamaged",
        "The files of a model are incomplete or unusable.",
        "delete the Job in status.variants[].models.job: the next Job checks the volume and downloads "
        "damaged models again; in your own claim or image, replace the whole model folder",
    )
    MODEL_LOAD_FAILED = (
        "ModelLoadFailed",
        "The backend cannot load its models for another reason; its log states it.",
        "check spec.models and spec.engine, and read the pod's log",
    )
    OOM_KILLED = (
        "OOMKilled",
        "The container exceeded its memory limit.",
        "raise spec.variants[].resources.limits.memory",
    )
    CRASH_LOOPING = (
        "CrashLooping",
        "The container exits repeatedly for another reason.",
        "see `kubectl logs --previous` of the pod",
    )
    EVICTED = (
        "Evicted",
        "The kubelet evicted the pod because the node was low on memory or disk, or the pod exceeded its "
        "disk limit; its replacement is not ready yet.",
        "raise spec.variants[].resources.requests (memory, ephemeral-storage) or use larger nodes; if the "
        "volume tmp was full, lower spec.server.imageCacheBytes",
    )
    UNREADY = (
        "Unready",
        "A pod that was ready no longer answers its readiness probe, although its container runs.",
        "read the pod's log; delete the pod to replace it",
    )
    READINESS_GATES_NOT_READY = (
        "ReadinessGatesNotReady",
        "The container is ready, but a readiness gate of the pod, such as that of a load balancer, is not.",
        "see the pod's conditions, and the controller that sets the gate",
    )
    MOUNT_FAILED = (
        "MountFailed",
        "The node cannot attach or mount a volume.",
        "see `kubectl describe pod`; a ReadWriteOnce volume can be used on one node only: to use several "
        "nodes, recreate the OCRBackend with spec.models.storage.accessMode ReadWriteMany, or use "
        "spec.models.source Image",
    )
    CONTAINER_NOT_CREATED = (
        "ContainerNotCreated",
        "The node cannot create the container.",
        "see `kubectl describe pod`",
    )
    INSUFFICIENT_DEVICE = (
        "InsufficientDevice",
        "No node has a free device.",
        "free a device, add a node that has one, or change spec.accelerator",
    )
    STORAGE_PENDING = (
        "StoragePending",
        "The volume is not provisioned yet.",
        "see `kubectl describe pvc`: a claim without a StorageClass needs a default StorageClass in the "
        "cluster; to use another, set spec.models.storage.storageClassName when you create the OCRBackend",
    )
    UNSCHEDULABLE = (
        "Unschedulable",
        "No node can run the pod.",
        "free resources, add nodes, lower spec.variants[].resources, or change spec.placement",
    )
    NODE_LOST = (
        "NodeLost",
        "The pod's node no longer reports to the API server.",
        "see `kubectl describe node`; if it is gone for good, delete the Node, or taint it with "
        "node.kubernetes.io/out-of-service, so that its pods end and its volumes are released",
    )
    WRITE_FAILED = (
        "WriteFailed",
        "The API server has returned errors for a managed object for more than five minutes.",
        "check the admission webhooks and the API server; the operator retries",
    )
    DELETION_STALLED = (
        "DeletionStalled",
        "An object of a deleted OCRBackend with the same name has been in deletion for five minutes.",
        "see the finalizers of that object, and the controllers that should remove them",
    )
    PROGRESS_DEADLINE_EXCEEDED = (
        "ProgressDeadlineExceeded",
        "The variant was not ready in time; the cause is unknown.",
        "inspect the pods, or raise spec.rollout.progressDeadlineSeconds",
    )
    ROLLED_BACK = (
        "RolledBack",
        "A new revision was not ready within spec.rollout.progressDeadlineSeconds and was rolled back.",
        "change the spec, or run `kubectl ocr retry`; if the revision was not to blame, it is tried again at "
        "nextRetryTime; set spec.rollout.autoRollback to false to keep a revision that fails",
    )
    ROLLBACK_REQUESTED = (
        "RollbackRequested",
        "A user requested the last good revision by the annotation ocrbackend.io/rollback.",
        "change the spec, or run `kubectl ocr retry`",
    )
    ROLLOUT_HELD = (
        "RolloutHeld",
        "The new revision is held because its image caused another variant to be rolled back; the previous "
        "revision keeps serving.",
        "change spec.image, or set spec.rollout.autoRollback to false to roll it out anyway",
    )
    TERMINATING = (
        "Terminating",
        "A managed object of a deleted OCRBackend with the same name is still being deleted.",
        "",
    )
    API_MISSING = (
        "ApiMissing",
        "The cluster does not serve the API of an object that the spec requests.",
        "install the Prometheus operator or KEDA, or request no such object: set "
        "spec.monitoring.serviceMonitor to Auto or Never, or autoscaling.mode to CPU or External",
    )
    VOLUME_NOT_EXPANDABLE = (
        "VolumeNotExpandable",
        "spec.models.storage.size was increased, but the StorageClass does not allow volume expansion. The "
        "volume keeps its size, and running pods are not affected.",
        "set allowVolumeExpansion in the StorageClass, or create another OCRBackend with a larger volume",
    )
    VOLUME_DIFFERS = (
        "VolumeDiffers",
        "The existing claim has another size, StorageClass or access mode than spec.models.storage. It stays "
        "as it is, and running pods are not affected.",
        "set spec.models.storage to what the claim has, or delete the OCRBackend and the claim to start with "
        "a new volume",
    )
    API_ERROR = ("ApiError", "The API server returned an error.", "the operator retries")
    DOWNLOADING = ("Downloading", "The models are being downloaded to the volume.", "")
    ROLLOUT_QUEUED = (
        "RolloutQueued",
        "A new revision waits for the rollouts of other variants or OCRBackends; the previous revision keeps "
        "serving.",
        "",
    )
    ROLLING_OUT = (
        "RollingOut",
        "A new revision is being rolled out; the previous revision keeps serving.",
        "",
    )
    STARTING = ("Starting", "The first pods are starting.", "")
    # Reasons of conditions that report no problem.
    SUSPENDED = ("Suspended", "spec.variants[].suspend is true: the variant runs no pods.", "")
    PAUSED = ("Paused", "spec.paused is true.", "set spec.paused to false")
    COMPLETE = ("Complete", "All rollouts are complete.", "")
    APPLIED = ("Applied", "All managed objects match the spec.", "")
    LOADED = ("Loaded", "Every variant has loaded its models and read the golden sample.", "")
    AS_EXPECTED = ("AsExpected", "No problems were detected.", "")
    AVAILABLE = ("Available", "All variants are ready.", "")
