"""The schema of `accelerator` and `placement`, which the spec and its variants share.

Pure; `spec_schema`, `variant_schema` and `prelabel_schema` include it.
"""

from ocr_operator.api import defaults
from ocr_operator.crd import pod_rules
from ocr_operator.crd.schema_types import (
    ATOMIC_LIST,
    Schema,
    any_object,
    array,
    integer,
    list_map,
    map_of,
    rules,
    string,
    string_enum,
    struct,
)


def accelerator(default: str = " Default: none, inference runs on the CPU.") -> Schema:
    """Schema of `accelerator`; `default` ends the description."""
    return struct(
        "Devices of each pod, on which inference runs." + default,
        {
            "resourceName": string(
                "Extended resource of the device, such as nvidia.com/gpu or nvidia.com/mig-1g.10gb.",
                maxLength=253,
                **rules(*pod_rules.resource_name_rules()),
            ),
            "count": integer("Devices per pod.", 1, 16, default=defaults.ACCELERATOR_COUNT),
            "runtimeClassName": string(
                "RuntimeClass of the pods, such as nvidia.", minLength=1, maxLength=253
            ),
        },
        required=["resourceName"],
    )


def variant_accelerator() -> Schema:
    """Schema of `accelerator` of a variant."""
    schema = accelerator(" Default: spec.accelerator; {} for none.")
    required = {name: value for name, value in schema.items() if name != "required"}
    return required | rules(*pod_rules.variant_accelerator_rules())


def placement(default: str = "", *, has_spread: bool = True) -> Schema:
    """Schema of `placement`; `default` ends the description.

    `has_spread` adds `topologySpreadConstraints`.
    """
    fields = {
        "nodeSelector": map_of(
            "Labels that a node must have.", {"type": "string", "maxLength": 63}, maxProperties=32
        ),
        "tolerations": array("Tolerations of the pods.", _toleration(), 32, **ATOMIC_LIST),
        "affinity": any_object("Affinity of the pods; see `kubectl explain pod.spec.affinity`."),
        "priorityClassName": string("PriorityClass of the pods.", minLength=1, maxLength=253),
    }
    if has_spread:
        fields["topologySpreadConstraints"] = _topology_spread()
    return struct("Scheduling constraints of the pods." + default, fields)


def _topology_spread() -> Schema:
    return array(
        "How to spread the pods of a variant over zones or nodes. Default: that of the scheduler.",
        _spread_constraint(),
        4,
        **list_map("topologyKey", "whenUnsatisfiable"),
    )


def _spread_constraint() -> Schema:
    return struct(
        "A topology spread constraint; it counts the pods of one variant and revision.",
        {
            "topologyKey": string(
                "Node label that identifies the domain, such as topology.kubernetes.io/zone.",
                minLength=1,
                maxLength=316,
            ),
            "maxSkew": integer("Maximum difference in pod count between domains.", 1, 100, default=1),
            "whenUnsatisfiable": string_enum(
                "DoNotSchedule keeps the pod pending, ScheduleAnyway schedules it nevertheless.",
                ["ScheduleAnyway", "DoNotSchedule"],
                default="ScheduleAnyway",
            ),
        },
        required=["topologyKey"],
    )


def _toleration() -> Schema:
    return struct(
        "A toleration, as in a pod.",
        {
            "key": string(
                "Key of the taint. If unset, the operator must be Exists, which matches all taints."
            ),
            "operator": string_enum("Exists matches any value, Equal matches `value`.", ["Exists", "Equal"]),
            "value": string("Value of the taint."),
            "effect": string_enum(
                "Effect of the taint. Default: all effects.", ["NoSchedule", "PreferNoSchedule", "NoExecute"]
            ),
            "tolerationSeconds": integer(
                "Seconds for which a taint with the effect NoExecute is tolerated.", 0, 2**31
            ),
        },
    )
