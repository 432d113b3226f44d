"""Where a pod has its models: on a claim, in an image that is mounted, or copied out of one.

Pure. `pod_template` and `model_fetch` put it into pods.
"""

from typing import Any

from ocr_operator.api.names import IMAGE_FOLDER, MODELS_CONTAINER, claim_name
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import BackendSpec, Json, ModelsImage, Storage

_NAME = "models"
_COPY = "/copy"
_COPY_RESOURCES = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}}
"""Guess with room: `cp` needs a megabyte, the page cache of what it writes counts too."""


def claimed(family: BackendSpec, storage: Storage) -> Json:
    """The volume with the models; where they are fetched to it, the mounts say who may write.

    Some drivers would attach a read-only one for reading, and refuse it then to the pod that fetches.
    """
    claim: dict[str, Any] = {"claimName": storage.existing_claim or claim_name(family.key.name)}
    if not storage.is_fetched_to:
        claim["readOnly"] = True
    return {"name": _NAME, "persistentVolumeClaim": claim}


def volumes(family: BackendSpec, config: OperatorConfig) -> list[Json]:
    """The volume that a serving pod has its models on; none where its own image has them."""
    if family.storage:
        return [claimed(family, family.storage)]
    image = family.models_image
    if image is None:
        return []
    if not config.has_image_volumes:
        return [{"name": _NAME, "emptyDir": {}}]
    return [{"name": _NAME, "image": {"reference": image.reference, **_pull_policy(image, "pullPolicy")}}]


def mounts(family: BackendSpec, config: OperatorConfig, folder: str) -> list[Json]:
    """The same in the container, read-only."""
    if not (family.storage or family.models_image):
        return []
    is_image = family.models_image is not None and config.has_image_volumes
    below = {"subPath": IMAGE_FOLDER.strip("/")} if is_image else {}
    return [{"name": _NAME, "mountPath": folder, "readOnly": True, **below}]


def init_containers(family: BackendSpec, config: OperatorConfig, security: Json) -> list[Json]:
    """What copies the models out of their image, where the cluster cannot mount one."""
    image = family.models_image
    if image is None or config.has_image_volumes:
        return []
    copy = {
        "name": MODELS_CONTAINER,
        "image": image.reference,
        **_pull_policy(image, "imagePullPolicy"),
        "command": ["cp", "-R", f"{IMAGE_FOLDER}/.", _COPY],
        "resources": _COPY_RESOURCES,
        "securityContext": security,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": _NAME, "mountPath": _COPY}],
    }
    return [copy]


def _pull_policy(image: ModelsImage, field: str) -> dict[str, str]:
    return {field: image.pull_policy} if image.pull_policy else {}
