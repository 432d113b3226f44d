"""The schema of an OCRBackend's spec: every field with its sentence, default, limits and rules.

Pure. Only fields that work stand here. Languages, generations and defaults come from the backend's tables;
`crd` wraps the result, the chart's values are checked with the same.
"""

from ocr_backend import catalog
from ocr_backend.environment import PREFIXES
from ocr_operator import combination_rules, placement_schema
from ocr_operator.schema import (
    QUANTITY,
    Schema,
    array,
    choice,
    defaulted,
    flag,
    mapping,
    of_setting,
    quantity,
    rule,
    rules,
    structure,
    text,
    whole,
)
from ocr_operator.settings_fields import FAMILY_FIELDS, KEY_FIELDS, OPTION_FIELDS, RESERVED_NAMES

MAX_VARIANTS = len(catalog.LANGUAGES) * len(catalog.TIERS)


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
                _variant(),
                MAX_VARIANTS,
                minItems=1,
                **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["language", "modelType"]},
            ),
            "options": _options(is_family=True),
            "labelStudio": _label_studio(),
            "server": defaulted(structure("The server in each pod, and its limits.", _settings(("server",)))),
            "models": _models(),
            "accelerator": placement_schema.accelerator(),
            "placement": placement_schema.placement(),
            "rollout": _rollout(),
        },
        required=["variants"],
        **rules(*combination_rules.spec_rules()),
    )


def _settings(parents: tuple[str, ...]) -> dict[str, Schema]:
    return {field.name: of_setting(field) for field in FAMILY_FIELDS if field.parents == parents}


def _image() -> Schema:
    secret = structure("A Secret in this namespace.", {"name": text("Name of the Secret.", minLength=1)})
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
                secret | {"required": ["name"]},
                8,
                **{"x-kubernetes-list-type": "atomic"},
            ),
        },
    )


def _variant() -> Schema:
    key = {field.name: of_setting(field, with_default=False) for field in KEY_FIELDS}
    return structure(
        "One language in one size.",
        {
            **key,
            "replicas": whole("Pods; unset: 1. Not together with autoscaling.", 1, 100),
            "autoscaling": _autoscaling(),
            "resources": _resources(),
            "options": _options(is_family=False),
            "accelerator": placement_schema.accelerator(" Unset: spec.accelerator."),
            "placement": placement_schema.placement(" Unset: spec.placement, which it replaces as a whole."),
        },
        required=["language", "modelType"],
        **rules(*combination_rules.variant_rules()),
    )


def _autoscaling() -> Schema:
    return structure(
        "A HorizontalPodAutoscaler decides how many pods run. Needs a metrics server in the cluster.",
        {
            "minReplicas": whole("Fewest pods.", 1, 100, default=1),
            "maxReplicas": whole("Most pods.", 1, 100),
            "targetCPUUtilization": whole(
                "Percent of the requested CPU that pods shall use.", 1, 1000, default=80
            ),
        },
        required=["maxReplicas"],
        **rules(
            rule(
                "self.minReplicas <= self.maxReplicas",
                "autoscaling.minReplicas must not be greater than autoscaling.maxReplicas",
            )
        ),
    )


def _resources() -> Schema:
    amounts = {"maxProperties": 16}
    return structure(
        "CPU and memory of a pod, as in a container; unset: a default that fits the size.",
        {
            "requests": mapping("What the scheduler sets aside.", quantity("An amount."), **amounts),
            "limits": mapping("What the pod may use at most.", quantity("An amount."), **amounts),
        },
    )


def _options(*, is_family: bool) -> Schema:
    said = "How pictures are read." if is_family else "Overrides of spec.options for this variant."
    fields = {field.name: of_setting(field, with_default=is_family) for field in OPTION_FIELDS}
    found = structure(said, {**fields, "extraEnv": _extra_env()})
    return defaulted(found) if is_family else found


def _extra_env() -> Schema:
    reference = structure(
        "A key of a Secret in this namespace.",
        {
            "name": text("Name of the Secret.", minLength=1),
            "key": text("Key in it.", minLength=1),
            "optional": flag("Start without the variable where Secret or key are missing."),
        },
        required=["name", "key"],
    )
    prefixes = " && ".join(f"!self.name.startsWith('{one}')" for one in PREFIXES)
    entry = structure(
        "One variable, from `value` or from `valueFrom`.",
        {
            "name": text("Name of the variable.", maxLength=256, pattern="^[A-Za-z_][A-Za-z0-9_]*$"),
            "value": text("Its value."),
            "valueFrom": structure("Where its value comes from.", {"secretKeyRef": reference}),
        },
        required=["name"],
        **rules(
            rule(
                f"!(self.name in {list(RESERVED_NAMES)}) && {prefixes}",
                "extraEnv must not set variables that other fields of the spec set "
                f"({', '.join((*RESERVED_NAMES, *(f'{one}*' for one in PREFIXES)))}): use those fields",
            ),
            rule(
                "!(has(self.value) && has(self.valueFrom))",
                "a variable of extraEnv has value or valueFrom, not both",
            ),
        ),
    )
    return array(
        "Further environment variables of the container.",
        entry,
        32,
        **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )


def _label_studio() -> Schema:
    api_key = {"name": text("Name of the Secret.", minLength=1), "key": text("Key in it.", minLength=1)}
    url = _settings(("labelStudio",))["url"]
    return structure(
        "Label Studio: where pictures are fetched from, and the names in its labelling configuration.",
        {
            "url": url | rules(combination_rules.url_rule("labelStudio.url")),
            "apiKeySecretRef": structure(
                "Access token of Label Studio, personal or legacy: a key of a Secret in this namespace.",
                api_key,
                required=["name", "key"],
            ),
            "basicAuthSecretRef": structure(
                "User and password that Label Studio must send: a Secret of type kubernetes.io/basic-auth, "
                "with the keys username and password.",
                {"name": text("Name of the Secret.", minLength=1)},
                required=["name"],
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
        "existing volume and never uses the network, Builtin takes the small ones in the image."
    )
    settings["mirror"] |= rules(combination_rules.url_rule("models.mirror"))
    storage = structure(
        "The volume that holds the models.",
        {
            "size": text(
                "Size of the volume that Hub downloads to.", pattern=QUANTITY, maxLength=32, default="5Gi"
            ),
            "storageClassName": text("Its StorageClass; unset: the cluster's default.", maxLength=253),
            "accessMode": choice(
                "ReadWriteMany where pods run on several nodes.",
                ["ReadWriteOnce", "ReadWriteMany"],
                default="ReadWriteOnce",
            ),
            "existingClaim": text(
                "PersistentVolumeClaim with prepared models, for the source Claim.", maxLength=253
            ),
        },
    )
    models = structure(
        "Where the models come from and where they lie.",
        {**settings, "storage": defaulted(storage)},
        **rules(*combination_rules.models_rules()),
    )
    return defaulted(models)


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
            "progressDeadlineSeconds": whole(
                "Seconds after which a variant that is not ready counts as stuck.", 30, 3600, default=900
            ),
        },
    )
    return defaulted(rollout)
