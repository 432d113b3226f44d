"""Builds the objects of one variant from the fields of a spec."""

from collections.abc import Callable
from typing import Any

from ocr_operator.api.names import REVISION_LABEL
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.manifests import variant_resources

Make = Callable[..., dict[str, Any]]

MOBILE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}

VARIANT_LABELS = {
    "app.kubernetes.io/name": "ocr-backend",
    "app.kubernetes.io/instance": "ocr",
    "app.kubernetes.io/managed-by": "ocr-operator",
    "ocrbackend.io/variant": "ch-mobile",
}


def variant_objects(ocrbackend: Make, config: OperatorConfig, **spec: Any) -> dict[str, dict[str, Any]]:
    """The objects of the only variant, by kind."""
    backend = parse_backend(ocrbackend(**spec))
    manifests = variant_resources.variant_objects(backend, backend.variants[0], config, in_place=False)
    return {manifest["kind"]: manifest for manifest in manifests}


def pod_template(ocrbackend: Make, config: OperatorConfig, **spec: Any) -> dict[str, Any]:
    """The pod template of the only variant."""
    template: dict[str, Any] = variant_objects(ocrbackend, config, **spec)["Deployment"]["spec"]["template"]
    return template


def revision_of(ocrbackend: Make, config: OperatorConfig, **spec: Any) -> str:
    """The revision of the only variant."""
    deployment = variant_objects(ocrbackend, config, **spec)["Deployment"]
    revision: str = deployment["spec"]["template"]["metadata"]["labels"][REVISION_LABEL]
    return revision
