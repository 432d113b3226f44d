"""Keeps the pods of an OCRBackend on the node of its volume, if only one node can mount it.

Pure. Without it, the default of most clusters fails: a pod on another node waits for the volume for ever.
"""

from typing import Any

from ocr_operator.api.names import backend_labels
from ocr_operator.api.spec import BackendSpec, Variant


def volume_affinity(spec: BackendSpec, variant: Variant) -> dict[str, Any]:
    """The field `affinity` of a pod that mounts the managed volume; empty if any node may run it.

    The first pod may run anywhere: Kubernetes ignores a required affinity that only the pod itself matches.
    An affinity in the spec replaces this one. The access mode of a claim of the user is unknown.
    """
    storage = spec.storage
    if storage is None or storage.claim_name or storage.access_mode != "ReadWriteOnce":
        return {}
    if "affinity" in variant.placement:
        return {}
    term = {
        "labelSelector": {"matchLabels": backend_labels(spec.key.name)},
        "topologyKey": "kubernetes.io/hostname",
    }
    return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}
