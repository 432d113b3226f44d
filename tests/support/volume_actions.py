"""Actions on the light cluster that cause and repair a volume that cannot grow."""

from ocr_cluster.cluster import Cluster
from trouble_actions import Json, applied_spec

RIGID = "rigid"
"""A StorageClass that cannot expand volumes; `rigid_volume` creates the class and a volume."""


def rigid_volume(cluster: Cluster, namespace: str) -> None:
    """Creates a volume for the operator's claim, with a class that cannot expand it."""
    storage = "storage.k8s.io/v1"
    metadata: Json = {"name": RIGID}
    cluster.apply(
        {
            "apiVersion": storage,
            "kind": "StorageClass",
            "metadata": metadata,
            "provisioner": "example.com/none",
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": namespace},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": RIGID,
                "claimRef": {"name": "ocr-models", "namespace": namespace},
                "hostPath": {"path": "/nowhere"},
            },
        },
    )


def larger_claim(cluster: Cluster, namespace: str) -> None:
    """Doubles the size in the spec, after the claim is bound."""
    claim = ("persistentvolumeclaim", "ocr-models", f"--namespace={namespace}")
    cluster.wait(
        lambda: cluster.get(*claim).get("status", {}).get("phase") == "Bound", f"the claim of {namespace}"
    )
    applied_spec(models=_LARGER)(cluster, namespace)


def expandable_class(cluster: Cluster, namespace: str) -> None:
    """Lets the class expand volumes, and edits the spec, since the operator retries with growing delays."""
    cluster.kubectl("patch", "storageclass", RIGID, '--patch={"allowVolumeExpansion":true}')
    applied_spec(models=_LARGER, options={"scoreThreshold": "0.6"})(cluster, namespace)


_LARGER: Json = {"source": "Hub", "storage": {"storageClassName": RIGID, "size": "2Gi"}}
