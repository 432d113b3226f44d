"""The Job that fetches a set of models onto the family's volume, and whether it has done so.

Pure. A finished Job is the record that its models are published; so it stays as long as a variant needs them.
"""

from typing import Any

from ocr_operator.api.names import (
    CONTAINER,
    MODELS_LABEL,
    PORT,
    REVISION_LABEL,
    backend_labels,
    download_job_name,
)
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import BackendSpec, Json, Storage
from ocr_operator.manifests import models_volume
from ocr_operator.manifests.metadata import Child, owned, shared_metadata
from ocr_operator.manifests.model_sets import ModelSet, model_sets
from ocr_operator.manifests.pod_template import CONTAINER_SECURITY, POD_SECURITY, pull_secrets, variables
from ocr_operator.observed.observation import ObservedObject

REPORT = "/dev/termination-log"
"""Where the backend writes what it has fetched, or why not; the kubelet puts it into the pod's status."""

COMMAND = ("models", "fetch", f"--status-port={PORT}", f"--report={REPORT}")
"""Arguments of the image's entry point."""

_FOR_EVER = 2**31 - 1
"""Attempts; the most that a Job takes. The kubelet waits up to five minutes between two."""

_SCRATCH = "256Mi"
_RESOURCES = {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}
"""A guess with room: the files go through memory in pieces, PaddleX's own client is most of it."""


def jobs(family: BackendSpec, config: OperatorConfig) -> list[Child]:
    """A Job for each set of models that the family's variants need from a hub."""
    storage = family.storage
    if storage is None or not storage.is_fetched_to:
        return []
    return [job(family, storage, one, config) for one in model_sets(family.variants)]


def job(family: BackendSpec, storage: Storage, wanted: ModelSet, config: OperatorConfig) -> Child:
    """The Job, labelled with the set that it fetches and with the revision that its pod's content makes."""
    metadata = shared_metadata(family, download_job_name(family.key.name, wanted.id))
    labels = {**metadata["labels"], MODELS_LABEL: wanted.id}
    spec = _pod_spec(family, storage, wanted, config)
    template_labels = {
        **backend_labels(family.key.name),
        MODELS_LABEL: wanted.id,
        REVISION_LABEL: digest(spec),
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": owned(family, {**metadata, "labels": labels}),
        "spec": {
            "backoffLimit": _FOR_EVER,
            "template": {"metadata": {"labels": template_labels}, "spec": spec},
        },
    }


def _pod_spec(
    family: BackendSpec, storage: Storage, wanted: ModelSet, config: OperatorConfig
) -> dict[str, Any]:
    variant = wanted.variants[0]
    more = family.pod_template
    placement = {name: value for name, value in variant.placement.items() if name != "topologySpread"}
    spec = {
        "restartPolicy": "OnFailure",
        "automountServiceAccountToken": False,
        "serviceAccountName": more.get("serviceAccountName"),
        "enableServiceLinks": False,
        "securityContext": POD_SECURITY,
        "imagePullSecrets": [{"name": name} for name in pull_secrets(family, config)],
        "containers": [_container(family, wanted, config)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": _SCRATCH}},
            models_volume.claimed(family, storage),
            *(more.get("volumes") or []),
        ],
        **placement,
    }
    return {name: value for name, value in spec.items() if value not in (None, [], {})}


def _container(family: BackendSpec, wanted: ModelSet, config: OperatorConfig) -> Json:
    variant = wanted.variants[0]
    mounts = [
        {"name": "tmp", "mountPath": "/tmp"},
        {"name": "models", "mountPath": wanted.settings.model_dir},
        *(family.pod_template.get("volumeMounts") or []),
    ]
    return {
        "name": CONTAINER,
        "image": str(family.image_of(variant, config)),
        "imagePullPolicy": family.image.get("pullPolicy") or config.pull_policy,
        "args": list(COMMAND),
        "env": [*variables(wanted.settings), *variant.extra_env],
        "ports": [{"name": "progress", "containerPort": PORT, "protocol": "TCP"}],
        "resources": _RESOURCES,
        "securityContext": CONTAINER_SECURITY,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def is_finished(job: ObservedObject) -> bool:
    """Whether all that the Job was to fetch was published."""
    conditions = job.status.get("conditions") or []
    return any(one["type"] == "Complete" and one["status"] == "True" for one in conditions)


def is_outdated(job: ObservedObject, claim: ObservedObject | None) -> bool:
    """Whether the Job speaks of a volume that is gone, or goes: a claim waits for ended pods too."""
    if claim is None:
        return False
    is_newer = bool(claim.created and job.created and claim.created > job.created)
    return is_newer or claim.is_deleting
