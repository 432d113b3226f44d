"""Fields that serving pods and download pods share: security, image, scheduling and environment.

Pure. The restricted Pod Security Standard allows these pods.
"""

from collections.abc import Mapping
from typing import Any

from ocr_backend.config.settings import Settings, to_env
from ocr_operator.api.names import CONTAINER
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import BackendSpec, Json, Variant

USER = 10001
"""Numeric, since the kubelet can verify `runAsNonRoot` only for a number."""

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


def pull_secrets(spec: BackendSpec, config: OperatorConfig) -> list[str]:
    """Names of the Secrets for pulling the backend's image."""
    names = [secret["name"] for secret in spec.image.get("pullSecrets") or []]
    return names or list(config.pull_secrets)


def backend_container(spec: BackendSpec, variant: Variant, config: OperatorConfig) -> dict[str, Any]:
    """The fields that every container with the backend's image has."""
    return {
        "name": CONTAINER,
        "image": str(spec.image_of(variant, config)),
        "imagePullPolicy": spec.image.get("pullPolicy") or config.pull_policy,
        "securityContext": CONTAINER_SECURITY,
        # The last log lines become part of the pod's status: the operator needs no permission to read logs.
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def node_placement(variant: Variant) -> dict[str, Any]:
    """The variant's placement on nodes, without the spread over them."""
    return {name: value for name, value in variant.placement.items() if name != "topologySpread"}


def environment(settings: Settings) -> list[Json]:
    """The settings as environment variables of a container."""
    return [{"name": name, "value": value} for name, value in sorted(to_env(settings).items())]


def without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value: null, [] and {} would show up as drift."""
    return {name: value for name, value in fields.items() if value not in (None, [], {})}
