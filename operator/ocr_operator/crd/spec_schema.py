"""The schema of an OCRBackend's spec: every field with its sentence, default, limits and rules.

Pure. Only fields that work stand here. Languages, generations and defaults come from the backend's tables;
`crd` wraps the result, the chart's values are checked with the same.
"""

from ocr_operator.api.names import IMAGE_FOLDER
from ocr_operator.api.settings_fields import FAMILY_FIELDS
from ocr_operator.api.spec import ACCESS_MODE, STORAGE_SIZE
from ocr_operator.crd import (
    network_monitoring_schema,
    placement_schema,
    pod_template_schema,
    validation_rules,
)
from ocr_operator.crd.schema_types import (
    QUANTITY,
    Schema,
    array,
    choice,
    defaulted,
    flag,
    of_setting,
    rules,
    secret,
    secret_key,
    structure,
    text,
    whole,
)
from ocr_operator.crd.variant_schema import options, variant

MAX_VARIANTS = 16
"""A guess of what one family needs at most. The API server reckons what the rules may cost by it."""


def spec_schema() -> Schema:
    """Schema of `spec`."""
    return structure(
        "What shall run. The smallest: one entry of `variants`.",
        {
            "paused": flag(
                "Carry out no change until this is false again; the status goes on.", default=False
            ),
            "image": _image(),
            **_settings(()),
            "variants": array(
                "Languages and sizes to run, each as a Deployment and a Service of its own.",
                variant(),
                MAX_VARIANTS,
                minItems=1,
                **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["language", "modelType"]},
            ),
            "options": options(is_family=True),
            "labelStudio": _label_studio(),
            "server": defaulted(structure("The server in each pod, and its limits.", _settings(("server",)))),
            "models": _models(),
            "accelerator": placement_schema.accelerator(),
            "placement": placement_schema.placement(),
            "rollout": _rollout(),
            "monitoring": network_monitoring_schema.monitoring(),
            "networkPolicy": network_monitoring_schema.network_policy(),
            "podTemplate": pod_template_schema.pod_template(),
        },
        required=["variants"],
        **rules(*validation_rules.spec_rules()),
    )


def _settings(parents: tuple[str, ...]) -> dict[str, Schema]:
    return {field.name: of_setting(field) for field in FAMILY_FIELDS if field.parents == parents}


def _image() -> Schema:
    return structure(
        "The backend's image; what is left out is the operator's default, which fits the device.",
        {
            "repository": text("Image without its version, such as `registry.example.com/ocr/backend`."),
            "tag": text("Version.", maxLength=128),
            "digest": text(
                "Digest (`sha256:…`), which wins over the tag.", pattern="^(sha256:[0-9a-f]{64})?$"
            ),
            "pullPolicy": choice(
                "When the node pulls the image; unset: the operator's default.",
                ["Always", "IfNotPresent", "Never"],
            ),
            "pullSecrets": array(
                "Secrets for pulling the image; unset: the operator's.",
                secret("A Secret in this namespace."),
                8,
                **{"x-kubernetes-list-type": "atomic"},
            ),
        },
    )


def _label_studio() -> Schema:
    url = _settings(("labelStudio",))["url"]
    return structure(
        "Label Studio: where images are fetched from, and the names in its labelling configuration.",
        {
            "url": url | rules(validation_rules.url_rule("labelStudio.url")),
            "apiKeySecretRef": secret_key(
                "Access token of Label Studio, personal or legacy: a key of a Secret in this namespace."
            ),
            "basicAuthSecretRef": secret(
                "User and password that Label Studio must send: a Secret of type kubernetes.io/basic-auth, "
                "with the keys username and password."
            ),
            "mapping": structure(
                "Names of the tags to answer, where the labelling configuration has several.",
                _settings(("labelStudio", "mapping")),
            ),
        },
    )


def _models() -> Schema:
    settings = _settings(("models",))
    settings["source"]["description"] = (
        "Where the models come from: Hub downloads the official ones to a volume, Claim takes what is on an "
        "existing volume and never uses the network, Builtin takes the small ones in the image, Image takes "
        "those in an image that you bring."
    )
    settings["mirror"] |= rules(validation_rules.url_rule("models.mirror"))
    storage = structure(
        "The volume that holds the models.",
        {
            "size": text(
                "Size of the volume that Hub downloads to.",
                pattern=QUANTITY,
                maxLength=32,
                default=STORAGE_SIZE,
            ),
            "storageClassName": text("Its StorageClass; unset: the cluster's default.", maxLength=253),
            "accessMode": choice(
                "ReadWriteMany where pods run on several nodes.",
                ["ReadWriteOnce", "ReadWriteMany"],
                default=ACCESS_MODE,
            ),
            "existingClaim": text(
                "PersistentVolumeClaim that is there already: with prepared models for the source Claim; for "
                "Hub the one to download to, which several OCRBackends may share.",
                maxLength=253,
            ),
        },
    )
    models = structure(
        "Where the models come from and where they lie.",
        {
            **settings,
            "image": _models_image(),
            "storage": defaulted(storage),
            "reclaimPolicy": choice(
                "What becomes of the volume that Hub downloads to: Delete removes it with this object, "
                "Retain leaves it, for the next OCRBackend of this name.",
                ["Delete", "Retain"],
                default="Delete",
            ),
        },
        **rules(*validation_rules.models_rules()),
    )
    return defaulted(models)


def _models_image() -> Schema:
    return structure(
        f"An OCI image with models, for the source Image: its folder {IMAGE_FOLDER} holds the official "
        "folders, and those of `variants[].models`. Kubernetes 1.35 and newer mounts it; on older ones its "
        "own `cp`, which it must have then, copies them into the pod.",
        {
            "reference": text(
                "The image, such as `registry.example.com/ocr/models:1` or with a digest.", minLength=1
            ),
            "pullPolicy": choice("When the node pulls it.", ["Always", "IfNotPresent", "Never"]),
            "pullSecrets": array(
                "Secrets for pulling it, beside those of the backend's image.",
                secret("A Secret in this namespace."),
                8,
                **{"x-kubernetes-list-type": "atomic"},
            ),
        },
        required=["reference"],
    )


def _rollout() -> Schema:
    rollout = structure(
        "How a change reaches the pods.",
        {
            "surge": choice(
                "Always starts the new pod beside the old one, Never stops the old one first; Auto starts it "
                "beside and lets the old one go when the cluster has no further device.",
                ["Auto", "Always", "Never"],
                default="Auto",
            ),
            **_settings(("rollout",)),
            "progressDeadlineSeconds": whole(
                "Seconds after which a variant that is not ready counts as stuck.", 30, 3600, default=900
            ),
            "maxParallelVariants": whole(
                "Variants that are moved to a new revision at the same time; the others serve their previous "
                "one until it is their turn. What does not serve yet never waits, and what is not ready "
                "within progressDeadlineSeconds is no longer waited for.",
                1,
                16,
                default=1,
            ),
            "autoRollback": flag(
                "Take a new revision back that is not ready within progressDeadlineSeconds, so that the last "
                "good one serves again. Each change of the spec that makes another revision is tried anew.",
                default=True,
            ),
        },
    )
    return defaulted(rollout)
