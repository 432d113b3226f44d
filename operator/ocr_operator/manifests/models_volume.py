"""The volume with the models in a pod: a claim, a mounted image, or a copy of an image's content.

Pure. `pod_template` and `download_job` include it.
"""

from typing import Any

from ocr_operator.api.names import MODELS_CONTAINER, MODELS_IMAGE_FOLDER, claim_name
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import BackendSpec, Json, ModelsImage, Storage

_NAME = "models"
_COPY_PATH = "/copy"
_COPY_RESOURCES = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}}
"""A generous guess: `cp` needs a megabyte, but the page cache of the written files counts too."""


def claim_volume(spec: BackendSpec, storage: Storage) -> Json:
    """The claim with the models, read-only unless models are downloaded to it.

    In that case the mounts decide who may write: some drivers would attach a read-only volume for reading,
    and then refuse it to the download pod.
    """
    claim: dict[str, Any] = {"claimName": storage.claim_name or claim_name(spec.key.name)}
    if not storage.is_download_target:
        claim["readOnly"] = True
    return {"name": _NAME, "persistentVolumeClaim": claim}


def volumes(spec: BackendSpec, config: OperatorConfig) -> list[Json]:
    """The models volume of a serving pod; empty if the models are in the backend's image."""
    if spec.storage:
        return [claim_volume(spec, spec.storage)]
    image = spec.models_image
    if image is None:
        return []
    if not config.has_image_volumes:
        return [{"name": _NAME, "emptyDir": {}}]
    return [{"name": _NAME, "image": {"reference": image.reference, **_pull_policy(image, "pullPolicy")}}]


def mounts(spec: BackendSpec, config: OperatorConfig, path: str) -> list[Json]:
    """The read-only mount of that volume in the container."""
    if not (spec.storage or spec.models_image):
        return []
    is_image_volume = spec.models_image is not None and config.has_image_volumes
    sub_path = {"subPath": MODELS_IMAGE_FOLDER.strip("/")} if is_image_volume else {}
    return [{"name": _NAME, "mountPath": path, "readOnly": True, **sub_path}]


def init_containers(spec: BackendSpec, config: OperatorConfig, security: Json) -> list[Json]:
    """Copies the models out of their image if the cluster cannot mount images as volumes."""
    image = spec.models_image
    if image is None or config.has_image_volumes:
        return []
    copy = {
        "name": MODELS_CONTAINER,
        "image": image.reference,
        **_pull_policy(image, "imagePullPolicy"),
        "command": ["cp", "-R", f"{MODELS_IMAGE_FOLDER}/.", _COPY_PATH],
        "resources": _COPY_RESOURCES,
        "securityContext": security,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": _NAME, "mountPath": _COPY_PATH}],
    }
    return [copy]


def _pull_policy(image: ModelsImage, field: str) -> dict[str, str]:
    return {field: image.pull_policy} if image.pull_policy else {}
