"""Every name the operator gives or recognises: API group, labels, children, ports, and their limits.

Pure; knows no spec. Everybody in this package may import it.
"""

from typing import NamedTuple

GROUP = "ocrbackend.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "OCRBackend"
PLURAL = "ocrbackends"
SINGULAR = "ocrbackend"
SHORT_NAME = "ocrb"
CATEGORY = "ocr"

FIELD_MANAGER = "ocr-operator"
HANDOVER_MANAGER = "ocr-operator-handover"
"""Owns `replicas` alone, from the moment we let go of it until an autoscaler writes it."""

PORT = 9090
PORT_NAME = "http"
CONTAINER = "backend"
MODELS_CONTAINER = "models"
"""Brings the models out of an image before the backend starts, where an image cannot be a volume."""

IMAGE_FOLDER = "/models"
"""Folder of an image of models in which their folders lie."""

NAME_LABEL = "app.kubernetes.io/name"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
INSTANCE_LABEL = "app.kubernetes.io/instance"
LANGUAGE_LABEL = f"{GROUP}/language"
MODEL_TYPE_LABEL = f"{GROUP}/model-type"
REVISION_LABEL = f"{GROUP}/revision"
MODELS_LABEL = f"{GROUP}/models"
"""On a Job that fetches models, and its pods: the set of models."""
SELECTOR = f"{MANAGED_BY_LABEL}={FIELD_MANAGER}"
ROLLOUT_ANNOTATION = f"{GROUP}/rollout"
"""On a variant's Deployment: what `rollout_record` remembers there."""
ADOPT_ANNOTATION = f"{GROUP}/adopt"
"""On an object of somebody else that has a child's name: the OCRBackend that may take it over."""

MAX_NAME = 40
"""Characters of an OCRBackend's name: `<name>-chinese-cht-server` must fit into the 63 of a Service."""


class NamespacedName(NamedTuple):
    """What finds one OCRBackend in the cluster."""

    namespace: str
    name: str


class GroupVersionKind(NamedTuple):
    """A kind of object in a version of its API."""

    api_version: str
    kind: str


SERVICE_MONITOR = GroupVersionKind("monitoring.coreos.com/v1", "ServiceMonitor")
"""Of the Prometheus operator; not every cluster has it."""


class ObjectReference(NamedTuple):
    """What finds any object in the cluster."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def variant_name(name: str, language: str, model_type: str) -> str:
    """Name of a variant's Deployment, Service, HorizontalPodAutoscaler and PodDisruptionBudget."""
    return f"{name}-{language.replace('_', '-')}-{model_type}"


def claim_name(name: str) -> str:
    """Name of the PersistentVolumeClaim that holds the models of one OCRBackend."""
    return f"{name}-models"


def download_job_name(name: str, model_set: str) -> str:
    """Name of the Job that fetches a set of models: that of the volume, and what tells sets apart."""
    return f"{claim_name(name)}-{model_set}"


def variant_url(key: NamespacedName, language: str, model_type: str) -> str:
    """URL to enter in Label Studio for one variant, inside the cluster."""
    return f"http://{variant_name(key.name, language, model_type)}.{key.namespace}.svc:{PORT}"


def backend_labels(name: str) -> dict[str, str]:
    """Labels of every child of an OCRBackend."""
    return {
        NAME_LABEL: "ocr-backend",
        INSTANCE_LABEL: name,
        MANAGED_BY_LABEL: FIELD_MANAGER,
    }


def variant_labels(name: str, language: str, model_type: str) -> dict[str, str]:
    """Labels of a variant's children and pods; the Deployment selects by them, so they never change."""
    return {**backend_labels(name), LANGUAGE_LABEL: language, MODEL_TYPE_LABEL: model_type}
