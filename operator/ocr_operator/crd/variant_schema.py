"""The schema of one variant, and of the options that a variant shares with its family.

Pure; `spec_schema` puts both in place.
"""

from ocr_backend.config.environment import PREFIXES
from ocr_operator.api.settings_fields import KEY_FIELDS, MODEL_FIELDS, OPTION_FIELDS, RESERVED_NAMES
from ocr_operator.crd import placement_schema, validation_rules
from ocr_operator.crd.schema_types import (
    Schema,
    array,
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


def variant() -> Schema:
    """Schema of an entry of `variants`."""
    key = {field.name: of_setting(field, with_default=False) for field in KEY_FIELDS}
    return structure(
        "One language in one size.",
        {
            **key,
            "replicas": whole("Pods; unset: 1. Not together with autoscaling.", 1, 100),
            "autoscaling": _autoscaling(),
            "resources": resources("unset: a default that fits the size"),
            "options": options(is_family=False),
            "models": _custom_models(),
            "accelerator": placement_schema.accelerator(" Unset: spec.accelerator."),
            "placement": placement_schema.placement(" Unset: spec.placement, which it replaces as a whole."),
        },
        required=["language", "modelType"],
        **rules(*validation_rules.variant_rules()),
    )


def _custom_models() -> Schema:
    return structure(
        "Custom models, such as fine-tuned ones, in place of the official ones: folders on the claim "
        "or in the image, for models.source Claim or Image.",
        {
            field.name: of_setting(field)
            | {"maxLength": 253}
            | rules(validation_rules.folder_rule(f"models.{field.name}"))
            for field in MODEL_FIELDS
        },
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


def resources(unset: str) -> Schema:
    """Schema of `resources`; `unset` says what is taken then."""
    amounts = {"maxProperties": 16}
    return structure(
        f"CPU and memory of a pod, as in a container; {unset}.",
        {
            "requests": mapping("What the scheduler sets aside.", quantity("An amount."), **amounts),
            "limits": mapping("What the pod may use at most.", quantity("An amount."), **amounts),
        },
    )


def options(*, is_family: bool) -> Schema:
    """Schema of `options`: of the family with the backend's defaults, of a variant without."""
    said = "How images are read." if is_family else "Overrides of spec.options for this variant."
    fields = {field.name: of_setting(field, with_default=is_family) for field in OPTION_FIELDS}
    found = structure(said, {**fields, "extraEnv": extra_env()})
    return defaulted(found) if is_family else found


def extra_env() -> Schema:
    """Schema of `extraEnv`."""
    prefixes = " && ".join(f"!self.name.startsWith('{one}')" for one in PREFIXES)
    entry = structure(
        "One variable, from `value` or from `valueFrom`.",
        {
            "name": text("Name of the variable.", maxLength=256, pattern="^[A-Za-z_][A-Za-z0-9_]*$"),
            "value": text("Its value."),
            "valueFrom": structure(
                "Where its value comes from.",
                {"secretKeyRef": _reference("Secret"), "configMapKeyRef": _reference("ConfigMap")},
                **rules(
                    rule(
                        "has(self.secretKeyRef) != has(self.configMapKeyRef)",
                        "valueFrom has either secretKeyRef or configMapKeyRef",
                    )
                ),
            ),
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


def _reference(kind: str) -> Schema:
    return structure(
        f"A key of a {kind} in this namespace.",
        {
            "name": text(f"Name of the {kind}.", minLength=1),
            "key": text("Key in it.", minLength=1),
            "optional": flag(f"Start without the variable where {kind} or key are missing."),
        },
        required=["name", "key"],
    )
