"""Loads image archives into the node of a running cluster. Builds only the node's own image."""

import subprocess
from pathlib import Path

from ocr_cluster import archive, inside, programs
from ocr_cluster.cluster import Cluster
from ocr_cluster.configuration import NODE_IMAGE
from ocr_cluster.errors import ClusterError
from ocr_cluster.progress import step


def load(cluster: Cluster, archives: list[Path]) -> list[str]:
    """The references of the images in the archives, after loading those that the node lacks.

    Raises `ClusterError` for a light cluster, which has no real node.
    """
    if cluster.record.light:
        raise ClusterError(f"cluster {cluster.name} is light: its fake nodes run no images")
    present = set(ctr(cluster, "images", "list", "--quiet").split())
    references: list[str] = []
    for path in archives:
        names = archive.references(path)
        references += names
        if set(names) - present:
            with step(f"loading {' '.join(names)} into cluster {cluster.name}"):
                ctr(cluster, "images", "import", "--local", str(path))
    return references


def load_node_image(cluster: Cluster) -> None:
    """Loads the image of pause containers and volume helpers, without which the node starts no pod."""
    program = programs.ensure(["node"])["node"]
    path = program.with_suffix(".tar")
    if not path.exists():
        archive.write_node_image(program, NODE_IMAGE, path)
    load(cluster, [path])


def ctr(cluster: Cluster, *arguments: str) -> str:
    """Output of `ctr`, containerd's command line, on the node, in the kubelet's namespace."""
    socket = inside.seen_from_machine(cluster.record.supervisor.pid, inside.CONTAINERD)
    cluster.wait(socket.exists, "containerd")
    command = [str(cluster.folder / "bin" / "ctr"), f"--address={socket}", "--namespace=k8s.io", *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise ClusterError(f"ctr {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout
