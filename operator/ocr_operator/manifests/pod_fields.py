"""Fields that serving pods and download pods share: security, image, scheduling and environment.

Pure. The restricted Pod Security Standard allows these pods.
"""

from collections.abc import Mapping
from typing import Any

from ocr_backend.config.settings import Settings, to_env
from ocr_operator.api.names import CONTAINER
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import Json, Variant

USER = 10001
"""The user of the backend's image. Numeric: the kubelet can verify `runAsNonRoot` only for a number."""

_USER_IDS = {"runAsUser": USER, "runAsGroup": USER, "fsGroup": USER}
_POD_SECURITY = {
    "runAsNonRoot": True,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
_CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_SCHEDULING_FIELDS = ("schedulerName", "hostAliases", "dnsPolicy", "dnsConfig", "serviceAccountName")
"""Fields of `podTemplate` that a pod has under the same name."""


def pod_security(variant: Variant, config: OperatorConfig) -> Json:
    """The security context of the pods; fields of the spec replace the operator's.

    A cluster that assigns user ids, such as OpenShift, rejects pods that choose their own.
    """
    user_ids = {} if config.assigns_user_ids else _USER_IDS
    return {**_POD_SECURITY, **user_ids, **(variant.pod_template.get("securityContext") or {})}


def container_security(variant: Variant) -> Json:
    """The security context of every container; fields of the spec replace the operator's."""
    return {**_CONTAINER_SECURITY, **(variant.pod_template.get("containerSecurityContext") or {})}


def pull_secrets(variant: Variant, config: OperatorConfig) -> list[str]:
    """Names of the Secrets for pulling the backend's image."""
    names = [secret["name"] for secret in variant.image.get("pullSecrets") or []]
    return names or list(config.pull_secrets)


def backend_container(variant: Variant, config: OperatorConfig) -> dict[str, Any]:
    """The fields that every container with the backend's image has."""
    return {
        "name": CONTAINER,
        "image": str(variant.image_reference(config)),
        "imagePullPolicy": variant.image.get("pullPolicy") or config.pull_policy,
        "securityContext": container_security(variant),
        # The last log lines become part of the pod's status: the operator needs no permission to read logs.
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def shared_pod_fields(variant: Variant, config: OperatorConfig) -> dict[str, Any]:
    """The fields that serving pods and download pods share; those that are unset are None."""
    return {
        **{name: variant.pod_template.get(name) for name in _SCHEDULING_FIELDS},
        **node_placement(variant),
        "automountServiceAccountToken": False,
        # Otherwise a Service named `ocr` would add OCR_PORT and the like to every pod of the namespace.
        "enableServiceLinks": False,
        "securityContext": pod_security(variant, config),
    }


def node_placement(variant: Variant) -> dict[str, Any]:
    """The variant's placement on nodes, without the spread over them."""
    return {name: value for name, value in variant.placement.items() if name != "topologySpreadConstraints"}


def environment(settings: Settings) -> list[Json]:
    """The settings as environment variables of a container."""
    return [{"name": name, "value": value} for name, value in sorted(to_env(settings).items())]


def without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value: null, [] and {} would show up as drift."""
    return {name: value for name, value in fields.items() if value not in (None, [], {})}
