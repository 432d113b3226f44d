"""Adds nodes to a control plane: fake ones, or the real one with its storage. `lifecycle` calls it."""

from pathlib import Path

from ocr_cluster import configuration
from ocr_cluster.cluster import Cluster
from ocr_cluster.components import STAGES_GATE, STORAGE_GATE
from ocr_cluster.loading import load_node_image
from ocr_cluster.progress import step


def add_fake_nodes(cluster: Cluster, kwok: Path) -> None:
    """Adds the fake nodes and KWOK's stages: pods become ready, Jobs succeed, claims get volumes."""
    stages = kwok / "kustomize"
    cluster.kubectl("apply", "--server-side", f"--kustomize={stages / 'crd'}")
    cluster.wait(lambda: _is_served(cluster, "kwok.x-k8s.io/v1alpha1"), "the API of KWOK")
    for folder in ("stage/fast", "stage/volume/fast"):
        cluster.kubectl("apply", f"--kustomize={stages / folder}")
    cluster.apply(*configuration.fake_nodes(cluster.record))
    (cluster.folder / STAGES_GATE).touch()


def _is_served(cluster: Cluster, api: str) -> bool:
    return api in cluster.kubectl("api-versions").split()


def add_real_node(cluster: Cluster) -> None:
    """Loads the image that the node needs for any pod, and creates the storage classes."""
    load_node_image(cluster)
    cluster.apply(*configuration.storage())
    (cluster.folder / STORAGE_GATE).touch()


def wait_for_nodes(cluster: Cluster) -> None:
    """Waits for the nodes, and for the service account that pods in the namespace `default` need."""
    with step("waiting for the nodes"):
        count = cluster.record.nodes if cluster.record.light else 1
        cluster.wait(lambda: _ready_nodes(cluster) == count, f"{count} ready nodes", 120)
        cluster.wait(lambda: cluster.get("serviceaccount", "default"), "the service account 'default'")


def _ready_nodes(cluster: Cluster) -> int:
    conditions = [node["status"].get("conditions", []) for node in cluster.get("nodes").get("items", [])]
    return sum(
        any(each["type"] == "Ready" and each["status"] == "True" for each in of_node)
        for of_node in conditions
    )
