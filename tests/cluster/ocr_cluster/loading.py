"""Puts image archives into the node of a running cluster if it lacks them. Builds none but the node's own."""

import subprocess
from pathlib import Path

from ocr_cluster import archive, inside, programs
from ocr_cluster.cluster import Cluster
from ocr_cluster.configuration import NODE_IMAGE
from ocr_cluster.errors import ClusterError
from ocr_cluster.progress import step


def load(cluster: Cluster, archives: list[Path]) -> list[str]:
    """References of the images in the archives, all of which the node then has.

    Raises `ClusterError` for a light cluster, which has no node to load into.
    """
    if cluster.record.light:
        raise ClusterError(f"cluster {cluster.name} is light: its fake nodes run no images")
    present = set(ctr(cluster, "images", "list", "--quiet").split())
    wanted: list[str] = []
    for path in archives:
        names = archive.references(path)
        wanted += names
        if set(names) - present:
            with step(f"loading {' '.join(names)} into cluster {cluster.name}"):
                ctr(cluster, "images", "import", "--local", str(path))
    return wanted


def load_node_image(cluster: Cluster) -> None:
    """Loads the image of pause containers and volume helpers; the node starts no pod without it."""
    program = programs.ensure(["node"])["node"]
    path = program.with_suffix(".tar")
    if not path.exists():
        archive.write_node_image(program, NODE_IMAGE, path)
    load(cluster, [path])


def ctr(cluster: Cluster, *arguments: str) -> str:
    """Output of containerd's own command line on the node, in the kubelet's namespace."""
    socket = inside.seen_from_machine(cluster.record.supervisor.pid, inside.CONTAINERD)
    cluster.wait(socket.exists, "containerd")
    command = [str(cluster.folder / "bin" / "ctr"), f"--address={socket}", "--namespace=k8s.io", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(f"ctr {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
