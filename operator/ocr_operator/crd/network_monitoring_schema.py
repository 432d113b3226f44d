"""The schema of `monitoring` and `networkPolicy`.

Pure; `spec_schema` includes both.
"""

from ocr_operator.api import defaults
from ocr_operator.crd import pod_rules
from ocr_operator.crd.schema_types import (
    ATOMIC_LIST,
    Schema,
    array,
    boolean,
    integer,
    labels,
    map_of,
    rules,
    string,
    string_enum,
    struct,
    with_defaults,
)

_CIDR_RULES = rules(*pod_rules.cidr_rules())


def monitoring() -> Schema:
    """Schema of `monitoring`."""
    schema = struct(
        "Discovery of the pods by Prometheus.",
        {
            "serviceMonitor": string_enum(
                "Whether to create a ServiceMonitor for the Prometheus operator. Auto: if the cluster "
                "serves that API. Always: if the API is missing, the condition Reconciled reports it.",
                ["Never", "Auto", "Always"],
                default=defaults.SERVICE_MONITOR,
            ),
            "intervalSeconds": integer(
                "Scrape interval in seconds.", 5, 3600, default=defaults.SCRAPE_INTERVAL_SECONDS
            ),
            "labels": labels("Labels of the ServiceMonitor, by which Prometheus selects it."),
        },
    )
    return with_defaults(schema)


def network_policy() -> Schema:
    """Schema of `networkPolicy`."""
    schema = struct(
        "A NetworkPolicy for the pods. The cluster's network plugin must enforce NetworkPolicies.",
        {
            "enabled": boolean("Allow ingress only from allowFrom. Egress is not restricted.", default=False),
            "allowFrom": array(
                "Peers that may connect, such as Label Studio and Prometheus; an empty list allows none. "
                "Default: all pods of the namespace.",
                _peer(),
                16,
                **ATOMIC_LIST,
            ),
        },
    )
    return with_defaults(schema)


def _peer() -> Schema:
    ip_block = struct(
        "A range of IP addresses.",
        {
            "cidr": string("Network in CIDR notation, such as 10.0.0.0/8.", maxLength=64, **_CIDR_RULES),
            "except": array(
                "Networks within cidr that are excluded.",
                {"type": "string", "maxLength": 64, **_CIDR_RULES},
                16,
                **ATOMIC_LIST,
            ),
        },
        required=["cidr"],
    )
    return struct(
        "A set of pods, or a range of IP addresses.",
        {
            "namespaceSelector": _selector(
                "Selects the namespaces of the pods; {} selects all. Default: the namespace of the "
                "OCRBackend."
            ),
            "podSelector": _selector("Selects pods; {} selects all. Default: all."),
            "ipBlock": ip_block,
        },
        **rules(*pod_rules.peer_rules()),
    )


def _selector(description: str) -> Schema:
    expression = struct(
        "A requirement for one label.",
        {
            "key": string("Key of the label.", minLength=1, maxLength=317),
            "operator": string_enum(
                "How the label relates to the values.", ["In", "NotIn", "Exists", "DoesNotExist"]
            ),
            "values": array(
                "Values for In and NotIn.", {"type": "string", "maxLength": 63}, 32, **ATOMIC_LIST
            ),
        },
        required=["key", "operator"],
    )
    return struct(
        description,
        {
            "matchLabels": map_of(
                "Labels and their values.", {"type": "string", "maxLength": 63}, maxProperties=32
            ),
            "matchExpressions": array("Requirements, all of which must hold.", expression, 16, **ATOMIC_LIST),
        },
    )
