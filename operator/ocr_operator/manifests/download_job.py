"""The Job that downloads a model set to the volume, and whether it is complete.

Pure. A completed Job records that its models are published; it is kept as long as a variant needs them.
"""

from typing import Any

from ocr_operator.api.names import MODELS_LABEL, PORT, REVISION_LABEL, backend_labels, download_job_name
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import BackendSpec, Json, Storage
from ocr_operator.manifests import models_volume, pod_fields
from ocr_operator.manifests.metadata import ManagedObject, owned, shared_metadata
from ocr_operator.manifests.model_sets import ModelSet, model_sets
from ocr_operator.manifests.volume_affinity import volume_affinity
from ocr_operator.observed.managed_objects import ObservedObject

REPORT = "/dev/termination-log"
"""Where the backend reports downloaded models or an error; the kubelet copies it to the pod's status."""

COMMAND = ("models", "fetch", f"--status-port={PORT}", f"--report={REPORT}")
"""Arguments of the image's entry point."""

_UNLIMITED = 2**31 - 1
"""The maximum number of retries of a Job. The kubelet waits up to five minutes between two attempts."""

_TMP_SIZE = "256Mi"
_RESOURCES = {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}
"""A generous guess: files pass through memory in chunks, and PaddleX's own client needs the most."""


def download_jobs(spec: BackendSpec, config: OperatorConfig) -> list[ManagedObject]:
    """A Job for each model set that the variants need from a hub."""
    storage = spec.storage
    if storage is None or not storage.is_download_target:
        return []
    return [_job(spec, storage, model_set, config) for model_set in model_sets(spec.variants)]


def _job(spec: BackendSpec, storage: Storage, model_set: ModelSet, config: OperatorConfig) -> ManagedObject:
    """The Job, labelled with its model set, and its pod with the revision of the pod's content."""
    metadata = shared_metadata(spec, download_job_name(spec.key.name, model_set.id))
    labels = {**metadata["labels"], MODELS_LABEL: model_set.id}
    pod_spec = _pod_spec(spec, storage, model_set, config)
    pod_template = model_set.variants[0].pod_template
    pod_labels = {
        **(pod_template.get("labels") or {}),
        **backend_labels(spec.key.name),
        MODELS_LABEL: model_set.id,
        REVISION_LABEL: digest(pod_spec),
    }
    pod_metadata = {"labels": pod_labels, "annotations": pod_template.get("annotations")}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": owned(spec, {**metadata, "labels": labels}),
        "spec": {
            "backoffLimit": _UNLIMITED,
            "template": {"metadata": pod_fields.without_empty(pod_metadata), "spec": pod_spec},
        },
    }


def _pod_spec(
    spec: BackendSpec, storage: Storage, model_set: ModelSet, config: OperatorConfig
) -> dict[str, Any]:
    variant = model_set.variants[0]
    return pod_fields.without_empty(
        {
            **pod_fields.shared_pod_fields(variant, config),
            **volume_affinity(spec, variant),
            "restartPolicy": "OnFailure",
            "imagePullSecrets": [{"name": name} for name in pod_fields.pull_secrets(variant, config)],
            "containers": [_container(spec, model_set, config)],
            "volumes": [
                {"name": "tmp", "emptyDir": {"sizeLimit": _TMP_SIZE}},
                models_volume.claim_volume(spec, storage),
                *(variant.pod_template.get("volumes") or []),
            ],
        }
    )


def _container(spec: BackendSpec, model_set: ModelSet, config: OperatorConfig) -> Json:
    variant = model_set.variants[0]
    return {
        **pod_fields.backend_container(variant, config),
        "args": list(COMMAND),
        "env": [*pod_fields.environment(model_set.settings), *variant.env],
        "ports": [{"name": "progress", "containerPort": PORT, "protocol": "TCP"}],
        "resources": _RESOURCES if spec.download_resources is None else spec.download_resources,
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "models", "mountPath": model_set.settings.model_dir},
            *(variant.pod_template.get("volumeMounts") or []),
        ],
    }


def is_complete(job: ObservedObject) -> bool:
    """Whether the Job has published all its models."""
    conditions = job.status.get("conditions") or []
    return any(condition["type"] == "Complete" and condition["status"] == "True" for condition in conditions)


def is_outdated(job: ObservedObject, claim: ObservedObject | None) -> bool:
    """Whether the Job refers to a claim that was deleted, or is being deleted once its pods are gone."""
    if claim is None:
        return False
    is_claim_newer = bool(claim.created and job.created and claim.created > job.created)
    return is_claim_newer or claim.is_deleting
