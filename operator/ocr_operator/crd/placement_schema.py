"""The schema of where pods run and which devices they ask for; used for a family and for single variants.

Pure; `spec_schema` puts it in place.
"""

from ocr_operator.crd.schema_types import (
    Schema,
    anything,
    array,
    choice,
    mapping,
    rule,
    rules,
    structure,
    text,
    whole,
)


def accelerator(unset: str = " Unset: the CPU.") -> Schema:
    """Schema of `accelerator`."""
    return structure(
        "Devices of a pod; the models then run on the GPU." + unset,
        {
            "resourceName": text(
                "Name under which nodes offer the device, such as nvidia.com/gpu or nvidia.com/mig-1g.10gb.",
                maxLength=253,
                **rules(
                    rule(
                        "self.contains('/')",
                        "accelerator.resourceName names an extended resource, such as nvidia.com/gpu",
                    )
                ),
            ),
            "count": whole("Devices per pod.", 1, 16, default=1),
            "runtimeClassName": text("RuntimeClass of the pods, such as nvidia.", minLength=1, maxLength=253),
        },
        required=["resourceName"],
    )


def placement(unset: str = "", *, is_spread: bool = True) -> Schema:
    """Schema of `placement`; `is_spread`: there are several pods, to be spread over places."""
    fields = {
        "nodeSelector": mapping(
            "Labels that a node must have.", {"type": "string", "maxLength": 63}, maxProperties=32
        ),
        "tolerations": array(
            "Taints that pods put up with.", _toleration(), 32, **{"x-kubernetes-list-type": "atomic"}
        ),
        "affinity": anything("Affinity as in a pod; see `kubectl explain pod.spec.affinity`."),
        "priorityClassName": text("PriorityClass of the pods.", minLength=1, maxLength=253),
    }
    if is_spread:
        fields["topologySpread"] = _spreads()
    return structure("Nodes on which pods may run." + unset, fields)


def _spreads() -> Schema:
    return array(
        "How the pods of a variant are spread over zones or nodes; unset: the scheduler's default.",
        _spread(),
        4,
        **{
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["topologyKey", "whenUnsatisfiable"],
        },
    )


def _spread() -> Schema:
    return structure(
        "A bound for the difference between places; pods are counted by variant and revision.",
        {
            "topologyKey": text(
                "Label of nodes that names the place, such as topology.kubernetes.io/zone.",
                minLength=1,
                maxLength=316,
            ),
            "maxSkew": whole("Pods that a place may have more than another.", 1, 100, default=1),
            "whenUnsatisfiable": choice(
                "ScheduleAnyway prefers, DoNotSchedule demands.",
                ["ScheduleAnyway", "DoNotSchedule"],
                default="ScheduleAnyway",
            ),
        },
        required=["topologyKey"],
    )


def _toleration() -> Schema:
    return structure(
        "A taint that is put up with, as in a pod.",
        {
            "key": text("Key of the taint; unset, with operator Exists: every taint."),
            "operator": choice("Exists, or Equal to value.", ["Exists", "Equal"]),
            "value": text("Value of the taint."),
            "effect": choice("Unset: every effect.", ["NoSchedule", "PreferNoSchedule", "NoExecute"]),
            "tolerationSeconds": whole("How long a NoExecute taint is put up with.", 0, 2**31),
        },
    )
