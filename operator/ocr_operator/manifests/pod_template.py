"""The pod of one variant: what runs, with which rights, for how long, and how its health is asked.

Pure. Nothing of the operator's own (its version above all) may get in here: a changed template restarts pods.
"""

from dataclasses import replace
from typing import Any

from ocr_backend.config.settings import Settings, to_env
from ocr_operator.api.names import CONTAINER, PORT, PORT_NAME, REVISION_LABEL, variant_labels
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import BackendSpec, Json, Variant
from ocr_operator.manifests import models_volume

Template = dict[str, Any]

USER = 10001
"""Numeric, since the kubelet can prove `runAsNonRoot` of a number only."""

STARTUP_SECONDS = 3600
"""A first start may download models over a slow line; `progressDeadlineSeconds` complains earlier."""

DRAIN_SECONDS = 5
"""Time for the endpoint to leave every node's rules before the server stops listening (guess; kube-proxy
syncs within one second on idle nodes)."""

_SCRATCH_BYTES = 3 * 2**29
"""What /tmp holds beside the kept images; the kubelet evicts a pod that fills it (guess with room)."""

POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""With `POD_SECURITY` what the restricted Pod Security Standard asks for, and a root that nobody writes."""

_PROBE_SECONDS = 5
_STOP_MARGIN_SECONDS = 10

# Mobile: measured, 1.5 GB after mixed images and 3.9 GB at once for the largest (benchmarks/memory.py).
# Server: a guess, its networks are several times as large.
_RESOURCES = {
    "mobile": {"requests": {"cpu": "500m", "memory": "1536Mi"}, "limits": {"memory": "4Gi"}},
    "server": {"requests": {"cpu": "1", "memory": "3Gi"}, "limits": {"memory": "8Gi"}},
}


def pod_template(family: BackendSpec, variant: Variant, config: OperatorConfig) -> Template:
    """The template, labelled with the revision that its own content makes."""
    more = family.pod_template
    labels = {**(more.get("labels") or {}), **variant_labels(family.key.name, *variant.key)}
    metadata = {"labels": labels, **({"annotations": notes} if (notes := more.get("annotations")) else {})}
    spec = _pod_spec(family, variant, config)
    revision = digest({**metadata, "spec": spec})
    return {"metadata": {**metadata, "labels": {**labels, REVISION_LABEL: revision}}, "spec": spec}


def _pod_spec(family: BackendSpec, variant: Variant, config: OperatorConfig) -> dict[str, Any]:
    accelerator = variant.accelerator
    spec = {
        "automountServiceAccountToken": False,
        "serviceAccountName": family.pod_template.get("serviceAccountName"),
        # A Service called `ocr` would else put OCR_PORT and the like into every pod of the namespace.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _grace_seconds(variant),
        "securityContext": POD_SECURITY,
        "initContainers": models_volume.init_containers(family, config, CONTAINER_SECURITY),
        "containers": [_container(family, variant, config)],
        "volumes": _volumes(family, variant, config),
        "imagePullSecrets": [{"name": name} for name in _all_pull_secrets(family, config)],
        "runtimeClassName": accelerator.runtime_class if accelerator else None,
        **_placement(family, variant),
    }
    return {name: value for name, value in spec.items() if value not in (None, [], {})}


def _placement(family: BackendSpec, variant: Variant) -> dict[str, Any]:
    found = {name: value for name, value in variant.placement.items() if name != "topologySpread"}
    # Pods of one ReplicaSet are counted alone: the old ones go, wherever they are.
    selector = {
        "labelSelector": {"matchLabels": variant_labels(family.key.name, *variant.key)},
        "matchLabelKeys": ["pod-template-hash"],
    }
    spread = variant.placement.get("topologySpread") or []
    return {**found, "topologySpreadConstraints": [{**one, **selector} for one in spread]}


def _grace_seconds(variant: Variant) -> int:
    """Long enough for a request that has just come in to be answered."""
    return DRAIN_SECONDS + int(variant.settings.predict_timeout_seconds) + _STOP_MARGIN_SECONDS


def _all_pull_secrets(family: BackendSpec, config: OperatorConfig) -> list[str]:
    of_models = family.models_image.pull_secrets if family.models_image else ()
    return list(dict.fromkeys((*pull_secrets(family, config), *of_models)))


def pull_secrets(family: BackendSpec, config: OperatorConfig) -> list[str]:
    """Names of the Secrets with which the backend's image is pulled."""
    given = [secret["name"] for secret in family.image.get("pullSecrets") or []]
    return given or list(config.pull_secrets)


def _container(family: BackendSpec, variant: Variant, config: OperatorConfig) -> dict[str, Any]:
    return {
        "name": CONTAINER,
        "image": str(family.image_of(variant, config)),
        "imagePullPolicy": family.image.get("pullPolicy") or config.pull_policy,
        "env": _environment(family, variant),
        "ports": [{"name": PORT_NAME, "containerPort": PORT, "protocol": "TCP"}],
        "resources": _resources(variant),
        "securityContext": CONTAINER_SECURITY,
        "startupProbe": _probe("/readyz", failures=STARTUP_SECONDS // _PROBE_SECONDS),
        "readinessProbe": _probe("/readyz", failures=3),
        # One minute without progress: a loaded node must not make restarts of busy pods.
        "livenessProbe": _probe("/livez", failures=12),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        # The last log lines come with the pod's status: the operator needs no right to read logs.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": _mounts(family, variant, config),
    }


def _probe(path: str, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": PORT_NAME},
        "periodSeconds": _PROBE_SECONDS,
        "timeoutSeconds": 4,
        "failureThreshold": failures,
    }


def _environment(family: BackendSpec, variant: Variant) -> list[Json]:
    """Settings first, then secrets, then what the user adds."""
    return [
        *variables(serving_settings(variant.settings)),
        *_secret_environment(family.label_studio),
        *variant.extra_env,
    ]


def variables(settings: Settings) -> list[Json]:
    """The settings as a container's environment."""
    return [{"name": name, "value": text} for name, text in sorted(to_env(settings).items())]


def serving_settings(settings: Settings) -> Settings:
    """The settings with which a variant serves: what comes from a hub was fetched, and lies in a folder."""
    if settings.model_source != "hub":
        return settings
    unset = Settings()
    return replace(settings, model_source="dir", model_hub=unset.model_hub, model_mirror=unset.model_mirror)


def _secret_environment(label_studio: Json) -> list[Json]:
    found = []
    if api_key := label_studio.get("apiKeySecretRef"):
        found.append(_from_secret("LABEL_STUDIO_API_KEY", api_key["name"], api_key["key"]))
    if basic := label_studio.get("basicAuthSecretRef"):
        # The keys of a Secret of type kubernetes.io/basic-auth.
        found.append(_from_secret("BASIC_AUTH_USER", basic["name"], "username"))
        found.append(_from_secret("BASIC_AUTH_PASS", basic["name"], "password"))
    return found


def _from_secret(variable: str, name: str, key: str) -> Json:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def _resources(variant: Variant) -> dict[str, Any]:
    """What the spec says, as it is, or the default of the tier; devices on top."""
    chosen = variant.resources or _RESOURCES[variant.settings.model_type]
    found = {kind: dict(amounts) for kind, amounts in chosen.items()}
    if variant.accelerator:
        # Of extended resources the limit alone counts; the API server copies it to the requests.
        found.setdefault("limits", {})[variant.accelerator.resource_name] = str(variant.accelerator.count)
    return found


def _volumes(family: BackendSpec, variant: Variant, config: OperatorConfig) -> list[Json]:
    scratch = _amount(_SCRATCH_BYTES + variant.settings.image_cache_bytes)
    volumes: list[Json] = [{"name": "tmp", "emptyDir": {"sizeLimit": scratch}}]
    volumes += models_volume.volumes(family, config)
    return [*volumes, *(family.pod_template.get("volumes") or [])]


def _amount(size: int) -> str:
    """Bytes as Kubernetes writes them, rounded up to what is a whole number of Mi or Gi."""
    mebi = -(-size // 2**20)
    return f"{mebi // 1024}Gi" if mebi % 1024 == 0 else f"{mebi}Mi"


def _mounts(family: BackendSpec, variant: Variant, config: OperatorConfig) -> list[Json]:
    mounts: list[Json] = [{"name": "tmp", "mountPath": "/tmp"}]
    mounts += models_volume.mounts(family, config, variant.settings.model_dir)
    return [*mounts, *(family.pod_template.get("volumeMounts") or [])]
