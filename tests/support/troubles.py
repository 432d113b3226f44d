"""Every trouble that an OCRBackend can have on the light cluster: how to cause and how to repair it.

Those that a scheduler, a controller or the API server reports are real; `trouble_actions` fakes the others.
"""

from dataclasses import dataclass, field

from admission_actions import deleted_policy, policy_against_pods, quota_of_no_pods
from trouble_actions import (
    Action,
    Json,
    applied_spec,
    container_state,
    created_object,
    deleted_object,
    ended_container,
    endless_downloads,
    evicted,
    finished_downloads,
    never_ready,
    new_pod,
    no_action,
    ready_again,
    volume_not_attached,
    waiting_container,
    with_service_monitors,
)
from volume_actions import RIGID, expandable_class, larger_claim, rigid_volume


@dataclass(frozen=True)
class Trouble:
    """A reason, a part of its message, and the cause: an action before or after the OCRBackend, or its spec.

    `is_harmless`: the condition Reconciled reports it, and serving pods are not affected.
    """

    reason: str
    message: str
    spec: Json = field(default_factory=dict)
    before: Action = no_action
    after: Action = no_action
    mend: Action = no_action
    exit_code: int | None = None
    is_harmless: bool = False


BAD_AFFINITY: Json = {
    "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}
}
CLAIM_SPEC = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
GOLDEN = (
    "the golden sample '2468013579' was read as '8': the weights do not fit, or the engine openvino computes "
    "wrongly on this machine; check the models or set OCR_ENGINE"
)
DOWNLOAD = (
    "the model PP-OCRv5_mobile_det is not in MODEL_DIR=/data/models and cannot be downloaded from "
    "huggingface or the other hubs in onnx format: refused"
)
VALID_SPEC = applied_spec()
HUB: Json = {"models": {"source": "Hub"}}


def _fetch_ends(reason: str, code: int, message: str) -> Trouble:
    """The download of the models ends with this exit code until the third attempt."""
    return Trouble(
        reason,
        message,
        HUB,
        before=endless_downloads,
        after=ended_container(code, message),
        mend=finished_downloads,
        exit_code=code,
    )


TROUBLES = {
    "spec": Trouble(
        "Invalid", "nodeSelectorTerms", {"placement": {"affinity": BAD_AFFINITY}}, mend=VALID_SPEC
    ),
    "settings": Trouble(
        "Invalid", "LOG_LEVEL", after=ended_container(2, "wrong: LOG_LEVEL"), mend=new_pod, exit_code=2
    ),
    "conflict": Trouble(
        "Conflict",
        "exists and this OCRBackend does not own it",
        before=created_object("Service", "ocr-ch-mobile", spec={"ports": [{"port": 80}]}),
        mend=deleted_object("service", "ocr-ch-mobile"),
    ),
    "policy": Trouble("Forbidden", "no pods on Tuesdays", before=policy_against_pods, mend=deleted_policy),
    "quota": Trouble(
        "QuotaExceeded",
        "exceeded quota: small",
        before=quota_of_no_pods,
        mend=deleted_object("resourcequota", "small"),
    ),
    "secret": Trouble(
        "SecretNotFound",
        'secret "basic" not found',
        after=waiting_container("CreateContainerConfigError", 'secret "basic" not found'),
        mend=new_pod,
    ),
    "claim": Trouble(
        "ClaimNotFound",
        '"prepared" not found',
        {"models": {"source": "Claim", "storage": {"claimName": "prepared"}}},
        mend=created_object("PersistentVolumeClaim", "prepared", spec=CLAIM_SPEC),
    ),
    "class": Trouble(
        "StorageClassNotFound",
        '"no-such" not found',
        {"models": {"source": "Hub", "storage": {"storageClassName": "no-such"}}},
        mend=VALID_SPEC,
    ),
    "image": Trouble(
        "ImagePullFailed",
        "not found",
        after=waiting_container("ImagePullBackOff", 'Back-off pulling image "x": not found'),
        mend=new_pod,
    ),
    "golden": Trouble(
        "GoldenMismatch", "was read as '8'", after=ended_container(3, GOLDEN), mend=new_pod, exit_code=3
    ),
    "download": Trouble(
        "DownloadFailed", "refused", after=ended_container(3, DOWNLOAD), mend=new_pod, exit_code=3
    ),
    "fetch-offline": _fetch_ends("DownloadFailed", 3, "no hub can be reached"),
    "fetch-absent": _fetch_ends(
        "ModelNotFound", 4, "the hub has no files for PaddlePaddle/PP-OCRv6_small_det_onnx"
    ),
    "fetch-spoilt": _fetch_ends("ChecksumMismatch", 5, "inference.onnx is not what the hub lists"),
    "fetch-full": _fetch_ends("StorageFull", 6, "No space left on device"),
    "fetch-quota": Trouble(
        "QuotaExceeded",
        "exceeded quota: small",
        HUB,
        before=quota_of_no_pods,
        mend=deleted_object("resourcequota", "small"),
    ),
    "damaged": Trouble(
        "ModelsDamaged",
        "no inference.yml",
        after=ended_container(3, "the model folder /models/det is broken: no inference.yml"),
        mend=new_pod,
        exit_code=3,
    ),
    "missing": Trouble(
        "ModelsMissing",
        "no model PP-OCRv5_mobile_rec in /data/models",
        after=ended_container(
            3, "no model PP-OCRv5_mobile_rec in /data/models (looked for /data/models/x, and so on)"
        ),
        mend=new_pod,
        exit_code=3,
    ),
    "fetch-forbidden": _fetch_ends("ModelsMissing", 3, "and OCR_OFFLINE=true forbids asking a hub"),
    "load": Trouble(
        "ModelLoadFailed",
        "no usable GPU",
        after=ended_container(
            3, "PADDLEOCR_USE_GPU=true, but onnxruntime found no usable GPU; see the log above"
        ),
        mend=new_pod,
        exit_code=3,
    ),
    "memory": Trouble(
        "OOMKilled", "exit code 137", after=ended_container(137, "", "OOMKilled"), mend=new_pod, exit_code=137
    ),
    "crash": Trouble(
        "CrashLooping", "Traceback", after=ended_container(1, "Traceback"), mend=new_pod, exit_code=1
    ),
    "evicted": Trouble(
        "Evicted",
        "low on resource: memory",
        before=never_ready,
        after=evicted("The node was low on resource: memory. Threshold quantity: 100Mi, available: 90Mi."),
        mend=ready_again,
    ),
    "mount": Trouble("MountFailed", "Multi-Attach error", after=volume_not_attached, mend=new_pod),
    "container": Trouble(
        "ContainerNotCreated",
        "no such runtime",
        after=waiting_container("CreateContainerError", "no such runtime"),
        mend=new_pod,
    ),
    "device": Trouble(
        "InsufficientDevice",
        "Insufficient example.com/none",
        {"accelerator": {"resourceName": "example.com/none"}},
        mend=VALID_SPEC,
    ),
    "storage": Trouble(
        "StoragePending",
        "unbound immediate PersistentVolumeClaims",
        {"models": {"source": "Hub", "storage": {"storageClassName": "no-volumes"}}},
        before=created_object(
            "StorageClass", "no-volumes", "storage.k8s.io/v1", provisioner="example.com/none"
        ),
        mend=VALID_SPEC,
    ),
    "room": Trouble(
        "Unschedulable",
        "didn't match Pod's node affinity/selector",
        {"placement": {"nodeSelector": {"pool": "none"}}},
        mend=VALID_SPEC,
    ),
    "node": Trouble(
        "NodeLost", "no longer reports", after=container_state({"running": {}}, ready=True), mend=new_pod
    ),
    "readiness": Trouble(
        "Unready",
        "was ready, but has not been since",
        after=container_state({"running": {"startedAt": "2026-01-01T00:00:00Z"}}),
        mend=new_pod,
    ),
    "gate": Trouble(
        "ReadinessGatesNotReady",
        "readiness gate",
        after=container_state(
            {"running": {}},
            ready=True,
            ready_condition={"reason": "ReadinessGatesNotReady", "message": "readiness gate a/b is False"},
        ),
        mend=new_pod,
    ),
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
        after=larger_claim,
        mend=expandable_class,
        is_harmless=True,
    ),
    "deadline": Trouble(
        "ProgressDeadlineExceeded",
        "has timed out progressing",
        {"rollout": {"progressDeadlineSeconds": 30}},
        before=never_ready,
        mend=ready_again,
    ),
}
"""Each has its own namespace, so that all can exist at once."""
