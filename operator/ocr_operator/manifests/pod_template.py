"""The pod template of one variant: container, permissions, probes, volumes and termination.

Pure. It must not depend on the operator itself, such as its version: a changed template restarts the pods.
"""

from dataclasses import replace
from typing import Any

from ocr_backend.config.settings import Settings
from ocr_operator.api.names import (
    HEALTH_PORT,
    HEALTH_PORT_NAME,
    LANGUAGE_LABEL,
    MODEL_TYPE_LABEL,
    PORT,
    PORT_NAME,
    REVISION_LABEL,
    variant_labels,
)
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import BackendSpec, Json, Variant
from ocr_operator.manifests import models_volume, pod_fields
from ocr_operator.manifests.volume_affinity import volume_affinity

STARTUP_SECONDS = 3600
"""A first start may download models over a slow connection; `progressDeadlineSeconds` reports it earlier."""

DRAIN_SECONDS = 5
"""Time for every node to remove the endpoint before the server stops listening (guess; kube-proxy syncs
within one second on idle nodes)."""

_TMP_BYTES = 3 * 2**29
"""Space in /tmp besides the image cache; the kubelet evicts a pod that exceeds it (generous guess)."""

_PROBE_SECONDS = 5
_STOP_MARGIN_SECONDS = 10

# Mobile: measured, 1 GB after images of all sizes, and 2.6 GB at most for the largest (benchmarks/memory.py).
# Server: a guess, its networks are several times as large.
_RESOURCES = {
    "mobile": {"requests": {"cpu": "500m", "memory": "1536Mi"}, "limits": {"memory": "4Gi"}},
    "server": {"requests": {"cpu": "1", "memory": "3Gi"}, "limits": {"memory": "8Gi"}},
}


def pod_template(spec: BackendSpec, variant: Variant, config: OperatorConfig) -> dict[str, Any]:
    """The template, labelled with the revision, which is the digest of its content."""
    custom_labels = variant.pod_template.get("labels") or {}
    annotations = variant.pod_template.get("annotations")
    labels = {
        **custom_labels,
        **variant_labels(spec.key.name, variant.name),
        LANGUAGE_LABEL: variant.settings.language,
        MODEL_TYPE_LABEL: variant.settings.model_type,
    }
    metadata = {"labels": labels, **({"annotations": annotations} if annotations else {})}
    pod_spec = _pod_spec(spec, variant, config)
    revision = digest({**metadata, "spec": pod_spec})
    return {"metadata": {**metadata, "labels": {**labels, REVISION_LABEL: revision}}, "spec": pod_spec}


def _pod_spec(spec: BackendSpec, variant: Variant, config: OperatorConfig) -> dict[str, Any]:
    accelerator = variant.accelerator
    return pod_fields.without_empty(
        {
            **pod_fields.shared_pod_fields(variant, config),
            **volume_affinity(spec, variant),
            "terminationGracePeriodSeconds": _grace_seconds(variant),
            "initContainers": models_volume.init_containers(
                spec, config, pod_fields.container_security(variant)
            ),
            "containers": [_container(spec, variant, config)],
            "volumes": _volumes(spec, variant, config),
            "imagePullSecrets": [{"name": name} for name in _all_pull_secrets(spec, variant, config)],
            "runtimeClassName": accelerator.runtime_class if accelerator else None,
            "topologySpreadConstraints": _spread_constraints(spec, variant),
        }
    )


def _spread_constraints(spec: BackendSpec, variant: Variant) -> list[Json]:
    # Only the pods of one ReplicaSet count: the old ones are about to stop, wherever they run.
    selector = {
        "labelSelector": {"matchLabels": variant_labels(spec.key.name, variant.name)},
        "matchLabelKeys": ["pod-template-hash"],
    }
    return [
        {**constraint, **selector} for constraint in variant.placement.get("topologySpreadConstraints") or []
    ]


def _grace_seconds(variant: Variant) -> int:
    """Long enough to answer a request that has just arrived."""
    return DRAIN_SECONDS + int(variant.settings.predict_timeout_seconds) + _STOP_MARGIN_SECONDS


def _all_pull_secrets(spec: BackendSpec, variant: Variant, config: OperatorConfig) -> list[str]:
    models_secrets = spec.models_image.pull_secrets if spec.models_image else ()
    return list(dict.fromkeys((*pod_fields.pull_secrets(variant, config), *models_secrets)))


def _container(spec: BackendSpec, variant: Variant, config: OperatorConfig) -> dict[str, Any]:
    return {
        **pod_fields.backend_container(variant, config),
        "env": _environment(spec, variant),
        "ports": [
            {"name": PORT_NAME, "containerPort": PORT, "protocol": "TCP"},
            {"name": HEALTH_PORT_NAME, "containerPort": HEALTH_PORT, "protocol": "TCP"},
        ],
        "resources": _resources(variant),
        "startupProbe": _probe("/readyz", failures=STARTUP_SECONDS // _PROBE_SECONDS),
        "readinessProbe": _probe("/readyz", failures=3),
        # One minute without progress: a loaded node must not cause restarts of busy pods.
        "livenessProbe": _probe("/livez", failures=12),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "volumeMounts": _mounts(spec, variant, config),
    }


def _probe(path: str, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": HEALTH_PORT_NAME},
        "periodSeconds": _PROBE_SECONDS,
        "timeoutSeconds": 4,
        "failureThreshold": failures,
    }


def _environment(spec: BackendSpec, variant: Variant) -> list[Json]:
    """Settings first, then Secrets, then the user's variables."""
    return [
        *pod_fields.environment(serving_settings(variant.settings)),
        *_secret_environment(spec.label_studio),
        *variant.env,
    ]


def serving_settings(settings: Settings) -> Settings:
    """The settings of a serving pod, with a port for its probes.

    Models from a hub are downloaded already, and read from a folder.
    """
    settings = replace(settings, health_port=HEALTH_PORT)
    if settings.model_source != "hub":
        return settings
    unset = Settings()
    return replace(settings, model_source="dir", model_hub=unset.model_hub, model_mirror=unset.model_mirror)


def _secret_environment(label_studio: Json) -> list[Json]:
    variables = []
    if api_key := label_studio.get("apiKeySecretRef"):
        variables.append(_from_secret("LABEL_STUDIO_API_KEY", api_key["name"], api_key["key"]))
    if basic_auth := label_studio.get("basicAuthSecretRef"):
        # The keys of a Secret of type kubernetes.io/basic-auth.
        variables.append(_from_secret("BASIC_AUTH_USER", basic_auth["name"], "username"))
        variables.append(_from_secret("BASIC_AUTH_PASS", basic_auth["name"], "password"))
    return variables


def _from_secret(variable: str, name: str, key: str) -> Json:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def _resources(variant: Variant) -> dict[str, Any]:
    """The resources in the spec, or the default for the model type, plus the devices."""
    base = _RESOURCES[variant.settings.model_type] if variant.resources is None else variant.resources
    resources = {kind: dict(quantities) for kind, quantities in base.items()}
    if variant.accelerator:
        # Extended resources need only a limit; the API server copies it to the requests.
        limits = resources.setdefault("limits", {})
        limits[variant.accelerator.resource_name] = str(variant.accelerator.count)
    return resources


def _volumes(spec: BackendSpec, variant: Variant, config: OperatorConfig) -> list[Json]:
    tmp_size = _quantity(_TMP_BYTES + variant.settings.image_cache_bytes)
    return [
        {"name": "tmp", "emptyDir": {"sizeLimit": tmp_size}},
        *models_volume.volumes(spec, config),
        *(variant.pod_template.get("volumes") or []),
    ]


def _quantity(size_bytes: int) -> str:
    """Bytes as a quantity in Gi or Mi, rounded up."""
    mebibytes = -(-size_bytes // 2**20)
    return f"{mebibytes // 1024}Gi" if mebibytes % 1024 == 0 else f"{mebibytes}Mi"


def _mounts(spec: BackendSpec, variant: Variant, config: OperatorConfig) -> list[Json]:
    return [
        {"name": "tmp", "mountPath": "/tmp"},
        *models_volume.mounts(spec, config, variant.settings.model_dir),
        *(variant.pod_template.get("volumeMounts") or []),
    ]
