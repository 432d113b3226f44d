"""What brings about, on the light cluster, a volume that cannot grow, and what mends it."""

from ocr_cluster.cluster import Cluster
from trouble_acts import Json, specified

RIGID = "rigid"
"""A StorageClass that cannot expand volumes; nobody makes them, `rigid_volume` does."""


def rigid_volume(cluster: Cluster, namespace: str) -> None:
    """A volume for the claim that the operator makes, by a class that cannot expand it."""
    storage = "storage.k8s.io/v1"
    metadata: Json = {"name": RIGID}
    cluster.apply(
        {
            "apiVersion": storage,
            "kind": "StorageClass",
            "metadata": metadata,
            "provisioner": "example.com/nobody",
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


def larger(cluster: Cluster, namespace: str) -> None:
    """The claim that is bound shall have twice the size."""
    claim = ("persistentvolumeclaim", "ocr-models", f"--namespace={namespace}")
    cluster.wait(
        lambda: cluster.get(*claim).get("status", {}).get("phase") == "Bound", f"the claim of {namespace}"
    )
    specified(models=_LARGER)(cluster, namespace)


def expandable(cluster: Cluster, namespace: str) -> None:
    """The class can from now on; the spec is edited, for the operator tries again later and later."""
    cluster.kubectl("patch", "storageclass", RIGID, '--patch={"allowVolumeExpansion":true}')
    specified(models=_LARGER, options={"scoreThreshold": "0.6"})(cluster, namespace)


_LARGER: Json = {"source": "Hub", "storage": {"storageClassName": RIGID, "size": "2Gi"}}
