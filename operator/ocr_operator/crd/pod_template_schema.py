"""The schema of `podTemplate`: labels, annotations, a service account and volumes for every pod.

Pure; `spec_schema` includes it. Fields that could break out of the pod, such as hostPath, are left out.
"""

from ocr_operator.crd import pod_rules
from ocr_operator.crd.schema_types import (
    ATOMIC_LIST,
    QUANTITY_PATTERN,
    Schema,
    any_object,
    array,
    boolean,
    integer,
    labels,
    list_map,
    map_of,
    rules,
    string,
    string_enum,
    struct,
)


def pod_template(default: str = "") -> Schema:
    """Schema of `podTemplate`; `default` ends the description."""
    return struct(
        "Additions to every pod. A change restarts the pods." + default,
        {
            "labels": labels("Additional labels of the pods."),
            "annotations": map_of(
                "Annotations of the pods.", {"type": "string", "maxLength": 4096}, maxProperties=32
            ),
            "serviceAccountName": string(
                "ServiceAccount of the pods, for its pull Secrets and for policies that refer to it; its "
                "token is not mounted. Default: the ServiceAccount `default`.",
                minLength=1,
                maxLength=253,
            ),
            "securityContext": any_object(
                "Fields of the pods' security context; each replaces the operator's. See `kubectl explain "
                "pod.spec.securityContext`."
            ),
            "containerSecurityContext": any_object(
                "Fields of the containers' security context; each replaces the operator's. See `kubectl "
                "explain pod.spec.containers.securityContext`."
            ),
            "schedulerName": string("Scheduler of the pods. Default: that of the cluster.", maxLength=253),
            "hostAliases": array("Additional entries of /etc/hosts.", _host_alias(), 32, **list_map("ip")),
            "dnsPolicy": string_enum(
                "DNS policy of the pods.", ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]
            ),
            "dnsConfig": any_object("DNS configuration; see `kubectl explain pod.spec.dnsConfig`."),
            "volumes": array("Additional volumes, such as certificates.", _volume(), 16, **list_map("name")),
            "volumeMounts": array(
                "Mounts of the additional volumes in the container.", _mount(), 32, **list_map("mountPath")
            ),
        },
        **rules(*pod_rules.pod_template_rules()),
    )


def _host_alias() -> Schema:
    hostname = {"type": "string", "minLength": 1, "maxLength": 253}
    return struct(
        "Names of an IP address.",
        {
            "ip": string("IP address.", minLength=1, maxLength=45),
            "hostnames": array("Names.", hostname, 16, **ATOMIC_LIST),
        },
        required=["ip"],
    )


def _volume() -> Schema:
    return struct(
        "A volume from one source.",
        {
            "name": string("Name of the volume.", maxLength=63, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
            "configMap": _files("ConfigMap", "name"),
            "secret": _files("Secret", "secretName"),
            "persistentVolumeClaim": struct(
                "A PersistentVolumeClaim in the same namespace.",
                {
                    "claimName": string("Name of the PersistentVolumeClaim.", minLength=1, maxLength=253),
                    "readOnly": boolean("Mount the volume read-only."),
                },
                required=["claimName"],
            ),
            "emptyDir": struct(
                "An empty directory with the lifetime of the pod.",
                {
                    "medium": string_enum("Memory, or unset for the node's disk.", ["Memory"]),
                    "sizeLimit": string("Maximum size.", pattern=QUANTITY_PATTERN, maxLength=32),
                },
            ),
        },
        required=["name"],
        **rules(*pod_rules.volume_rules()),
    )


def _files(kind: str, name_field: str) -> Schema:
    item = struct(
        "A key and the file for its value.",
        {
            "key": string("Key.", minLength=1),
            "path": string("Path of the file, relative to the volume.", minLength=1),
        },
        required=["key", "path"],
    )
    return struct(
        f"A {kind} in the same namespace.",
        {
            name_field: string(f"Name of the {kind}.", minLength=1, maxLength=253),
            "items": array("Keys to include. Default: all.", item, 32, **ATOMIC_LIST),
            "optional": boolean(f"Start the pod even if the {kind} or a key is missing."),
            "defaultMode": integer("Mode bits of the files as a decimal: 292 is r--r--r--.", 0, 511),
        },
        required=[name_field],
    )


def _mount() -> Schema:
    return struct(
        "A mount of a volume in the container.",
        {
            "name": string("Name of the volume.", minLength=1, maxLength=63),
            "mountPath": string("Path in the container.", maxLength=256, pattern="^/[^:]*[^:/]$"),
            "subPath": string("Path within the volume. Default: its root.", minLength=1, maxLength=256),
            "readOnly": boolean("Mount the volume read-only."),
        },
        required=["name", "mountPath"],
    )
