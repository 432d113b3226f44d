"""The schema of one variant, and of the options that a variant shares with the spec.

Pure; `spec_schema` includes them.
"""

from ocr_operator.api import defaults
from ocr_operator.api.names import MAX_VARIANT_NAME_LENGTH
from ocr_operator.api.settings_fields import (
    ENGINE_FIELDS,
    KEY_FIELDS,
    MODEL_FIELDS,
    OPTION_FIELDS,
    SERVER_FIELDS,
)
from ocr_operator.crd import (
    image_schema,
    language_schema,
    models_rules,
    placement_schema,
    pod_rules,
    pod_template_schema,
    spec_rules,
)
from ocr_operator.crd.resources_schema import resources
from ocr_operator.crd.schema_types import (
    Schema,
    array,
    boolean,
    integer,
    list_map,
    rules,
    string,
    string_enum,
    struct,
    url_rule,
)
from ocr_operator.crd.setting_schema import override_schema, required_schema, setting_schema


def variant() -> Schema:
    """Schema of an entry of `variants`."""
    return struct(
        "A language and model type. Fields that the spec has too override it; an empty value such as `{}` "
        "overrides it with nothing.",
        {
            "name": string(
                "Name of the variant; with the name of the object it is the name of the Service.",
                minLength=1,
                maxLength=MAX_VARIANT_NAME_LENGTH,
                pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            ),
            **{field.name: required_schema(field) for field in KEY_FIELDS},
            "language": language_schema.language(),
            "suspend": boolean("Run no pods; the Service and the models stay.", default=False),
            **{field.name: override_schema(field) for field in ENGINE_FIELDS},
            "image": image_schema.image(" Replaces spec.image as a whole."),
            "replicas": integer(
                f"Desired number of pods. Default: {defaults.REPLICAS}. Excludes autoscaling.", 1, 100
            ),
            "autoscaling": _autoscaling(),
            "resources": resources("Default: depends on modelType."),
            "options": override_options(),
            "env": env(),
            "server": struct(
                "Overrides of spec.server for this variant.",
                {field.name: override_schema(field) for field in SERVER_FIELDS},
            ),
            "models": _custom_models(),
            "accelerator": placement_schema.variant_accelerator(),
            "placement": placement_schema.placement(" Replaces spec.placement as a whole."),
            "podTemplate": pod_template_schema.pod_template(" Replaces spec.podTemplate as a whole."),
        },
        required=["name", "language", "modelType"],
        **rules(*spec_rules.variant_rules()),
    )


def _custom_models() -> Schema:
    return struct(
        "Custom models, such as fine-tuned ones, that replace the official ones: folders on the claim or in "
        "the image, for models.source Claim or Image.",
        {
            field.name: required_schema(field)
            | {"maxLength": 253}
            | rules(models_rules.folder_rule(f"models.{field.name}"))
            for field in MODEL_FIELDS
        },
    )


def _autoscaling() -> Schema:
    return struct(
        "Scale the number of pods automatically.",
        {
            "mode": string_enum(
                "CPU: a HorizontalPodAutoscaler on CPU utilization; the cluster must have a metrics server. "
                "Queue: KEDA on the images that wait, also with an accelerator; the cluster must have KEDA "
                "and a Prometheus that scrapes the pods. "
                "External: the operator never sets the number of pods, another autoscaler does.",
                ["CPU", "Queue", "External"],
                default=defaults.AUTOSCALING_MODE,
            ),
            "minReplicas": integer("Minimum number of pods.", 1, 100, default=defaults.MIN_REPLICAS),
            "maxReplicas": integer("Maximum number of pods.", 1, 100),
            "targetCPUUtilizationPercentage": integer(
                "Target average CPU utilization for the mode CPU, in percent of the requested CPU.",
                1,
                1000,
                default=defaults.TARGET_CPU_UTILIZATION,
            ),
            "targetQueueLength": integer(
                "Target number of waiting images per inference slot for the mode Queue: while more wait, "
                "pods are added.",
                1,
                1000,
                default=defaults.TARGET_QUEUE_LENGTH,
            ),
            "prometheusAddress": string(
                "URL of the Prometheus that scrapes the pods, for the mode Queue, such as "
                "http://prometheus-operated.monitoring.svc:9090.",
                **rules(url_rule("autoscaling.prometheusAddress")),
            ),
        },
        **rules(*spec_rules.autoscaling_rules()),
    )


def options() -> Schema:
    """Schema of `options` of the spec."""
    return struct("How images are read.", {field.name: setting_schema(field) for field in OPTION_FIELDS})


def override_options() -> Schema:
    """Schema of `options` of a variant."""
    fields = {field.name: override_schema(field) for field in OPTION_FIELDS}
    return struct("Overrides of spec.options for this variant.", fields)


def env() -> Schema:
    """Schema of `env`."""
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
