"""The schema of `models`: where the models come from and where they are stored.

Pure; `spec_schema` includes it and passes the fields that are settings of the backend.
"""

from collections.abc import Mapping

from ocr_operator.api import defaults
from ocr_operator.api.names import MODELS_IMAGE_FOLDER
from ocr_operator.crd.models_rules import models_rules
from ocr_operator.crd.resources_schema import resources
from ocr_operator.crd.schema_types import (
    QUANTITY_PATTERN,
    Schema,
    pull_secrets,
    rules,
    string,
    string_enum,
    struct,
    url_rule,
    with_defaults,
)


def models(settings: Mapping[str, Schema]) -> Schema:
    """Schema of `models`; `settings` are the fields that are settings of the backend."""
    mirror = settings["mirror"] | rules(url_rule("models.mirror"))
    schema = struct(
        "Source and storage of the models.",
        {
            **settings,
            "mirror": mirror,
            "image": _image(),
            "storage": _storage(),
            "resources": resources("Default: small.", "Resources of the pods that download models."),
            "reclaimPolicy": string_enum(
                "Whether to delete the volume of the source Hub together with this object, or to retain it "
                "for the next OCRBackend with this name.",
                ["Delete", "Retain"],
                default=defaults.RECLAIM_POLICY,
            ),
        },
        **rules(*models_rules()),
    )
    return with_defaults(schema)


def _storage() -> Schema:
    return struct(
        "Volume of the models.",
        {
            "size": string(
                f"Size of the volume that the source Hub downloads to. Default: {defaults.STORAGE_SIZE}.",
                pattern=QUANTITY_PATTERN,
                maxLength=32,
            ),
            "storageClassName": string(
                "StorageClass of the volume. Default: that of the cluster.", maxLength=253
            ),
            "accessMode": string_enum(
                "Access mode of the volume. ReadWriteOnce keeps the pods on one node, "
                f"ReadWriteMany lets them run on several. Default: {defaults.ACCESS_MODE}.",
                ["ReadWriteOnce", "ReadWriteMany"],
            ),
            "claimName": string(
                "Name of an existing PersistentVolumeClaim: with the source Claim, it holds the models; "
                "with Hub, models are downloaded to it, and several OCRBackends may share it.",
                maxLength=253,
            ),
        },
    )


def _image() -> Schema:
    return struct(
        f"OCI image with models, for the source Image. Its folder {MODELS_IMAGE_FOLDER} holds the model "
        "folders, official and custom. Kubernetes 1.35 and later mount the image as a volume; earlier "
        "versions copy the models into the pod with `cp`, which the image must contain.",
        {
            "reference": string(
                "Image, such as `registry.example.com/ocr/models:1`, or with a digest.", minLength=1
            ),
            "pullPolicy": string_enum("Image pull policy.", ["Always", "IfNotPresent", "Never"]),
            "pullSecrets": pull_secrets(
                "Secrets for pulling this image, in addition to those of the backend's image."
            ),
        },
        required=["reference"],
    )
