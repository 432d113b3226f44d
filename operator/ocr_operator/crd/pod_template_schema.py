"""The schema of what is added to every pod: labels, an account, files from other objects.

Pure; `spec_schema` puts it in place. What could lead out of the pod (a host's folder, say) is not in it.
"""

from ocr_operator.crd import validation_rules
from ocr_operator.crd.schema_types import (
    QUANTITY,
    Schema,
    array,
    choice,
    flag,
    labels,
    mapping,
    rules,
    structure,
    text,
    whole,
)


def pod_template() -> Schema:
    """Schema of `podTemplate`."""
    return structure(
        "What every pod has besides. A change restarts the pods.",
        {
            "labels": labels("Further labels of the pods."),
            "annotations": mapping(
                "Annotations of the pods.", {"type": "string", "maxLength": 4096}, maxProperties=32
            ),
            "serviceAccountName": text(
                "ServiceAccount of the pods, for the rights of its Secrets and policies; its token is not "
                "mounted. Unset: default.",
                minLength=1,
                maxLength=253,
            ),
            "volumes": array(
                "Further volumes, for certificates or files of your own.",
                _volume(),
                16,
                **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
            ),
            "volumeMounts": array(
                "Where the volumes are mounted.",
                _mount(),
                32,
                **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["mountPath"]},
            ),
        },
        **rules(*validation_rules.pod_template_rules()),
    )


def _volume() -> Schema:
    return structure(
        "One volume, from one source.",
        {
            "name": text("Its name.", maxLength=63, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
            "configMap": _files("A ConfigMap of this namespace.", "name"),
            "secret": _files("A Secret of this namespace.", "secretName"),
            "persistentVolumeClaim": structure(
                "A PersistentVolumeClaim of this namespace.",
                {
                    "claimName": text("Its name.", minLength=1, maxLength=253),
                    "readOnly": flag("Mount it for reading only."),
                },
                required=["claimName"],
            ),
            "emptyDir": structure(
                "An empty folder that goes with the pod.",
                {
                    "medium": choice("Memory, or unset: the node's disk.", ["Memory"]),
                    "sizeLimit": text("What it may hold.", pattern=QUANTITY, maxLength=32),
                },
            ),
        },
        required=["name"],
        **rules(*validation_rules.volume_rules()),
    )


def _files(description: str, name: str) -> Schema:
    item = structure(
        "One key, and the file that it becomes.",
        {"key": text("Key.", minLength=1), "path": text("Path of the file in the volume.", minLength=1)},
        required=["key", "path"],
    )
    return structure(
        description,
        {
            name: text("Its name.", minLength=1, maxLength=253),
            "items": array("Keys to take; unset: all.", item, 32, **{"x-kubernetes-list-type": "atomic"}),
            "optional": flag("Start without it where it is missing."),
            "defaultMode": whole("Rights of the files, as a decimal: 292 is r--r--r--.", 0, 511),
        },
        required=[name],
    )


def _mount() -> Schema:
    return structure(
        "One volume in the file system of the container.",
        {
            "name": text("Name of the volume.", minLength=1, maxLength=63),
            "mountPath": text("Folder or file to mount it at.", maxLength=256, pattern="^/[^:]*[^:/]$"),
            "subPath": text("Part of the volume to mount.", minLength=1, maxLength=256),
            "readOnly": flag("Mount it for reading only."),
        },
        required=["name", "mountPath"],
    )
