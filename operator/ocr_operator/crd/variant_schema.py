"""The schema of one variant, and of the options that a variant shares with the spec.

Pure; `spec_schema` includes both.
"""

from ocr_operator.api import defaults
from ocr_operator.api.settings_fields import KEY_FIELDS, MODEL_FIELDS, OPTION_FIELDS
from ocr_operator.crd import models_rules, placement_schema, pod_rules, spec_rules
from ocr_operator.crd.schema_types import (
    Schema,
    array,
    boolean,
    integer,
    list_map,
    map_of,
    quantity,
    rules,
    string,
    struct,
    with_defaults,
)
from ocr_operator.crd.setting_schema import setting_schema


def variant() -> Schema:
    """Schema of an entry of `variants`."""
    key_fields = {field.name: setting_schema(field, with_default=False) for field in KEY_FIELDS}
    return struct(
        "A language and model type.",
        {
            **key_fields,
            "replicas": integer(
                f"Desired number of pods. Default: {defaults.REPLICAS}. Excludes autoscaling.", 1, 100
            ),
            "autoscaling": _autoscaling(),
            "resources": resources("Default: depends on modelType."),
            "options": options(is_shared=False),
            "models": _custom_models(),
            "accelerator": placement_schema.accelerator(" Default: spec.accelerator."),
            "placement": placement_schema.placement(" Replaces spec.placement as a whole."),
        },
        required=["language", "modelType"],
        **rules(*spec_rules.variant_rules()),
    )


def _custom_models() -> Schema:
    return struct(
        "Custom models, such as fine-tuned ones, that replace the official ones: folders on the claim or in "
        "the image, for models.source Claim or Image.",
        {
            field.name: setting_schema(field)
            | {"maxLength": 253}
            | rules(models_rules.folder_rule(f"models.{field.name}"))
            for field in MODEL_FIELDS
        },
    )


def _autoscaling() -> Schema:
    return struct(
        "Scale the number of pods with a HorizontalPodAutoscaler. The cluster must have a metrics server.",
        {
            "minReplicas": integer("Minimum number of pods.", 1, 100, default=defaults.MIN_REPLICAS),
            "maxReplicas": integer("Maximum number of pods.", 1, 100),
            "targetCPUUtilization": integer(
                "Target average CPU utilization, in percent of the requested CPU.",
                1,
                1000,
                default=defaults.TARGET_CPU_UTILIZATION,
            ),
        },
        required=["maxReplicas"],
        **rules(*spec_rules.autoscaling_rules()),
    )


def resources(default: str) -> Schema:
    """Schema of `resources`; `default` ends the description."""
    limits = {"maxProperties": 16}
    return struct(
        f"Resources of the container. {default}",
        {
            "requests": map_of("Resources reserved for the pod.", quantity("A quantity."), **limits),
            "limits": map_of("Maximum resources of the pod.", quantity("A quantity."), **limits),
        },
    )


def options(*, is_shared: bool) -> Schema:
    """Schema of `options`: those of the spec, with the backend's defaults, or those of a variant, without."""
    description = "How images are read." if is_shared else "Overrides of spec.options for this variant."
    fields = {field.name: setting_schema(field, with_default=is_shared) for field in OPTION_FIELDS}
    schema = struct(description, {**fields, "extraEnv": extra_env()})
    return with_defaults(schema) if is_shared else schema


def extra_env() -> Schema:
    """Schema of `extraEnv`."""
    variable = struct(
        "An environment variable, from `value` or `valueFrom`.",
        {
            "name": string("Name of the variable.", maxLength=256, pattern="^[A-Za-z_][A-Za-z0-9_]*$"),
            "value": string("Value of the variable."),
            "valueFrom": struct(
                "Source of the value.",
                {"secretKeyRef": _key_reference("Secret"), "configMapKeyRef": _key_reference("ConfigMap")},
                **rules(*pod_rules.variable_source_rules()),
            ),
        },
        required=["name"],
        **rules(*pod_rules.variable_rules()),
    )
    return array("Additional environment variables of the container.", variable, 32, **list_map("name"))


def _key_reference(kind: str) -> Schema:
    return struct(
        f"A key of a {kind} in the same namespace.",
        {
            "name": string(f"Name of the {kind}.", minLength=1),
            "key": string(f"Key of the {kind}.", minLength=1),
            "optional": boolean(f"Start the pod without the variable if the {kind} or key is missing."),
        },
        required=["name", "key"],
    )
