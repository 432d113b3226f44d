"""The schema of who may reach the pods, and of how they are watched over.

Pure; `spec_schema` puts both in place.
"""

from ocr_operator.crd import validation_rules
from ocr_operator.crd.schema_types import (
    Schema,
    array,
    choice,
    defaulted,
    flag,
    labels,
    mapping,
    rules,
    structure,
    text,
    whole,
)

_ATOMIC = {"x-kubernetes-list-type": "atomic"}
_NETWORK = rules(*validation_rules.network_rules())


def monitoring() -> Schema:
    """Schema of `monitoring`."""
    found = structure(
        "How Prometheus finds the pods.",
        {
            "serviceMonitor": choice(
                "Whether a ServiceMonitor of the Prometheus operator is made. Auto: where the cluster has "
                "that API. Always: that it is missing is told in the condition Reconciled.",
                ["Never", "Auto", "Always"],
                default="Never",
            ),
            "intervalSeconds": whole("Seconds between two looks of Prometheus.", 5, 3600, default=30),
            "labels": labels("Labels of the ServiceMonitor, by which Prometheus chooses it."),
        },
    )
    return defaulted(found)


def network_policy() -> Schema:
    """Schema of `networkPolicy`."""
    found = structure(
        "A NetworkPolicy for the pods. Needs a network plugin that keeps such policies.",
        {
            "enabled": flag(
                "Let in nobody but those of allowFrom. What pods may reach stays open.", default=False
            ),
            "allowFrom": array(
                "Who may reach the pods: Label Studio, and Prometheus. Unset: all pods of this namespace.",
                _peer(),
                16,
                **_ATOMIC,
            ),
        },
    )
    return defaulted(found)


def _peer() -> Schema:
    block = structure(
        "Addresses.",
        {
            "cidr": text("Network, such as 10.0.0.0/8.", maxLength=64, **_NETWORK),
            "except": array(
                "Networks in it that are kept out.",
                {"type": "string", "maxLength": 64, **_NETWORK},
                16,
                **_ATOMIC,
            ),
        },
        required=["cidr"],
    )
    return structure(
        "Some pods, or some addresses.",
        {
            "namespaceSelector": _selector(
                "Namespaces of the pods, by their labels; {} is all. Unset: this namespace."
            ),
            "podSelector": _selector("Pods, by their labels; {} or unset is all."),
            "ipBlock": block,
        },
        **rules(*validation_rules.peer_rules()),
    )


def _selector(description: str) -> Schema:
    expression = structure(
        "A condition on one label.",
        {
            "key": text("Label.", minLength=1, maxLength=317),
            "operator": choice("How it is compared.", ["In", "NotIn", "Exists", "DoesNotExist"]),
            "values": array("Values for In and NotIn.", {"type": "string", "maxLength": 63}, 32, **_ATOMIC),
        },
        required=["key", "operator"],
    )
    return structure(
        description,
        {
            "matchLabels": mapping(
                "Labels with their values.", {"type": "string", "maxLength": 63}, maxProperties=32
            ),
            "matchExpressions": array("Further conditions.", expression, 16, **_ATOMIC),
        },
    )
