"""Every trouble that an OCRBackend can have on the light cluster: how it comes about and how it is mended.

What a scheduler, a controller or the API server says is had for real; the rest is as `trouble_acts` says.
"""

from dataclasses import dataclass, field

from trouble_acts import (
    Act,
    Json,
    ends,
    evicted,
    fetched_after_all,
    fetching_takes_long,
    made,
    never_ready,
    new_pod,
    no_pods_by_policy,
    no_pods_in_the_quota,
    not_mounted,
    nothing,
    ready_after_all,
    says,
    specified,
    waits,
    with_service_monitors,
    without,
    without_policy,
)
from volume_acts import RIGID, expandable, larger, rigid_volume


@dataclass(frozen=True)
class Trouble:
    """A reason, words of its message, and what brings it about: before the object, by its spec, or after.

    `is_harmless`: the condition Reconciled tells it, and what serves is not touched by it.
    """

    reason: str
    said: str
    spec: Json = field(default_factory=dict)
    before: Act = nothing
    after: Act = nothing
    mend: Act = nothing
    exit_code: int | None = None
    is_harmless: bool = False


BAD_AFFINITY: Json = {
    "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}
}
SILENT = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
GOLDEN = "the golden sample '2468013579' was read as '8': these weights do not read"
DOWNLOAD = (
    "the models PP-OCRv5_mobile_det are not in MODEL_DIR and cannot be downloaded from huggingface (refused)"
)
MAKE_AGAIN = specified()
HUB: Json = {"models": {"source": "Hub"}}


def _fetch_ends(reason: str, code: int, said: str) -> Trouble:
    """What fetches the models ends so, until the third attempt."""
    return Trouble(
        reason,
        said,
        HUB,
        before=fetching_takes_long,
        after=ends(code, said),
        mend=fetched_after_all,
        exit_code=code,
    )


TROUBLES = {
    "spec": Trouble(
        "Invalid", "nodeSelectorTerms", {"placement": {"affinity": BAD_AFFINITY}}, mend=MAKE_AGAIN
    ),
    "settings": Trouble("Invalid", "LOG_LEVEL", after=ends(2, "wrong: LOG_LEVEL"), mend=new_pod, exit_code=2),
    "conflict": Trouble(
        "Conflict",
        "exists and belongs to somebody else",
        before=made("Service", "ocr-ch-mobile", spec={"ports": [{"port": 80}]}),
        mend=without("service", "ocr-ch-mobile"),
    ),
    "policy": Trouble("Forbidden", "no pods on Tuesdays", before=no_pods_by_policy, mend=without_policy),
    "quota": Trouble(
        "QuotaExceeded",
        "exceeded quota: small",
        before=no_pods_in_the_quota,
        mend=without("resourcequota", "small"),
    ),
    "secret": Trouble(
        "SecretNotFound",
        'secret "basic" not found',
        after=waits("CreateContainerConfigError", 'secret "basic" not found'),
        mend=new_pod,
    ),
    "claim": Trouble(
        "ClaimNotFound",
        '"prepared" not found',
        {"models": {"source": "Claim", "storage": {"existingClaim": "prepared"}}},
        mend=made("PersistentVolumeClaim", "prepared", spec=SILENT),
    ),
    "class": Trouble(
        "StorageClassNotFound",
        '"no-such" not found',
        {"models": {"source": "Hub", "storage": {"storageClassName": "no-such"}}},
        mend=MAKE_AGAIN,
    ),
    "image": Trouble(
        "ImagePullFailed",
        "not found",
        after=waits("ImagePullBackOff", 'Back-off pulling image "x": not found'),
        mend=new_pod,
    ),
    "golden": Trouble("GoldenMismatch", "was read as '8'", after=ends(3, GOLDEN), mend=new_pod, exit_code=3),
    "download": Trouble("DownloadFailed", "refused", after=ends(3, DOWNLOAD), mend=new_pod, exit_code=3),
    "fetch-offline": _fetch_ends("DownloadFailed", 3, "no hub can be reached"),
    "fetch-absent": _fetch_ends("ModelNotFound", 4, "the hub has no PP-OCRv6_small_det_onnx"),
    "fetch-spoilt": _fetch_ends("ChecksumMismatch", 5, "inference.onnx is not what the hub lists"),
    "fetch-full": _fetch_ends("StorageFull", 6, "No space left on device"),
    "fetch-quota": Trouble(
        "QuotaExceeded",
        "exceeded quota: small",
        HUB,
        before=no_pods_in_the_quota,
        mend=without("resourcequota", "small"),
    ),
    "damaged": Trouble(
        "ModelsDamaged",
        "no inference.yml",
        after=ends(3, "the model folder /models/det is broken: no inference.yml"),
        mend=new_pod,
        exit_code=3,
    ),
    "missing": Trouble(
        "ModelsMissing",
        "no model PP-OCRv5_mobile_rec in /data/models",
        after=ends(
            3, "no model PP-OCRv5_mobile_rec in /data/models (looked for /data/models/x, and the like)"
        ),
        mend=new_pod,
        exit_code=3,
    ),
    "fetch-forbidden": _fetch_ends("ModelsMissing", 3, "and OCR_OFFLINE=true forbids to ask a hub"),
    "load": Trouble(
        "ModelLoadFailed",
        "no usable GPU",
        after=ends(3, "PADDLEOCR_USE_GPU=true, but onnxruntime found no usable GPU"),
        mend=new_pod,
        exit_code=3,
    ),
    "memory": Trouble(
        "OOMKilled", "exit code 137", after=ends(137, "", "OOMKilled"), mend=new_pod, exit_code=137
    ),
    "crash": Trouble("CrashLooping", "Traceback", after=ends(1, "Traceback"), mend=new_pod, exit_code=1),
    "evicted": Trouble(
        "Evicted",
        "low on resource: memory",
        before=never_ready,
        after=evicted("The node was low on resource: memory. Threshold quantity: 100Mi, available: 90Mi."),
        mend=ready_after_all,
    ),
    "mount": Trouble("MountFailed", "Multi-Attach error", after=not_mounted, mend=new_pod),
    "container": Trouble(
        "ContainerNotCreated",
        "no such runtime",
        after=waits("CreateContainerError", "no such runtime"),
        mend=new_pod,
    ),
    "device": Trouble(
        "InsufficientDevice",
        "Insufficient example.com/none",
        {"accelerator": {"resourceName": "example.com/none"}},
        mend=MAKE_AGAIN,
    ),
    "storage": Trouble(
        "StoragePending",
        "unbound immediate PersistentVolumeClaims",
        {"models": {"source": "Hub", "storage": {"storageClassName": "nobody-makes"}}},
        before=made("StorageClass", "nobody-makes", "storage.k8s.io/v1", provisioner="example.com/nobody"),
        mend=MAKE_AGAIN,
    ),
    "room": Trouble(
        "Unschedulable",
        "didn't match Pod's node affinity/selector",
        {"placement": {"nodeSelector": {"pool": "none"}}},
        mend=MAKE_AGAIN,
    ),
    "node": Trouble("NodeLost", "no longer reports", after=says({"running": {}}, ready=True), mend=new_pod),
    "api": Trouble(
        "ApiMissing",
        "the cluster has no ServiceMonitor of monitoring.coreos.com/v1",
        {"monitoring": {"serviceMonitor": "Always"}},
        mend=with_service_monitors,
        is_harmless=True,
    ),
    "growth": Trouble(
        "VolumeNotExpandable",
        "the storageclass that provisions the pvc must support resize",
        {"models": {"source": "Hub", "storage": {"storageClassName": RIGID, "size": "1Gi"}}},
        before=rigid_volume,
        after=larger,
        mend=expandable,
        is_harmless=True,
    ),
    "deadline": Trouble(
        "ProgressDeadlineExceeded",
        "has timed out progressing",
        {"rollout": {"progressDeadlineSeconds": 30}},
        before=never_ready,
        mend=ready_after_all,
    ),
}
"""Each in a namespace of its own, so that all can be had side by side."""
