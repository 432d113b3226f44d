"""Every name that the operator sets or recognises: API group, labels, managed objects, ports; and limits.

Pure; knows no spec. Any module of this package may import it.
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
"""Field manager of `replicas` from the time the operator gives the field up until an autoscaler sets it."""

NAMESPACE_CLAIM = "ocr-operator-claim"
"""Name of the Lease in each namespace by whose holder it is managed, so that two releases never are."""

PORT = 9090
PORT_NAME = "http"
HEALTH_PORT = 9091
HEALTH_PORT_NAME = "health"
"""Port of a pod's probes, where other clients cannot delay them."""
CONTAINER = "backend"
MODELS_CONTAINER = "models"
"""Init container that copies the models out of their image if the cluster cannot mount images as volumes."""

MODELS_IMAGE_FOLDER = "/models"
"""Folder of a models image that holds the model folders."""

NAME_LABEL = "app.kubernetes.io/name"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
INSTANCE_LABEL = "app.kubernetes.io/instance"
VARIANT_LABEL = f"{GROUP}/variant"
LANGUAGE_LABEL = f"{GROUP}/language"
MODEL_TYPE_LABEL = f"{GROUP}/model-type"
REVISION_LABEL = f"{GROUP}/revision"
MODELS_LABEL = f"{GROUP}/models"
"""On a download Job and its pods: the id of the model set."""
SELECTOR = f"{MANAGED_BY_LABEL}={FIELD_MANAGER}"
"""Label selector for all managed objects and their pods."""
ROLLOUT_ANNOTATION = f"{GROUP}/rollout"
"""On a variant's Deployment: the state that `rollout_record` stores there."""
ADOPT_ANNOTATION = f"{GROUP}/adopt"
"""On an object that has the name of a managed object: the OCRBackend that may take it over."""
RETRY_ANNOTATION = f"{GROUP}/retry"
"""On an OCRBackend: a request to try rolled back revisions again; see `spec.RolloutRequests`."""
ROLLBACK_ANNOTATION = f"{GROUP}/rollback"
"""On an OCRBackend: a request to return to the last good revision; see `spec.RolloutRequests`."""
REQUEST_ANNOTATIONS = (RETRY_ANNOTATION, ROLLBACK_ANNOTATION)

MAX_NAME_LENGTH = 40
"""Characters of an OCRBackend's name."""
MAX_VARIANT_NAME_LENGTH = 22
"""Characters of a variant's name: `<name>-<variant>` must fit a Service name (63)."""


class NamespacedName(NamedTuple):
    """Identifies one OCRBackend in the cluster."""

    namespace: str
    name: str


class GroupVersionKind(NamedTuple):
    """A kind of object in a version of its API group."""

    api_version: str
    kind: str


SERVICE_MONITOR = GroupVersionKind("monitoring.coreos.com/v1", "ServiceMonitor")
"""Belongs to the Prometheus operator; not every cluster has it."""
SCALED_OBJECT = GroupVersionKind("keda.sh/v1alpha1", "ScaledObject")
"""Belongs to KEDA; not every cluster has it."""


class ObjectReference(NamedTuple):
    """Identifies any object in the cluster."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def child_name(name: str, variant: str) -> str:
    """Name of a variant's Deployment, Service, autoscaler and PodDisruptionBudget."""
    return f"{name}-{variant}"


def claim_name(name: str) -> str:
    """Name of the PersistentVolumeClaim that holds the models of one OCRBackend."""
    return f"{name}-models"


def download_job_name(name: str, model_set: str) -> str:
    """Name of the Job that downloads a model set: the volume's name and the set's id."""
    return f"{claim_name(name)}-{model_set}"


def variant_url(key: NamespacedName, variant: str) -> str:
    """URL of one variant inside the cluster, to enter in Label Studio."""
    return f"http://{child_name(key.name, variant)}.{key.namespace}.svc:{PORT}"


def backend_labels(name: str) -> dict[str, str]:
    """Labels of every managed object of an OCRBackend."""
    return {
        NAME_LABEL: "ocr-backend",
        INSTANCE_LABEL: name,
        MANAGED_BY_LABEL: FIELD_MANAGER,
    }


def variant_labels(name: str, variant: str) -> dict[str, str]:
    """Labels of a variant's objects and pods; they never change, since the Deployment selects by them."""
    return {**backend_labels(name), VARIANT_LABEL: variant}
