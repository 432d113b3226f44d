"""Ends a test cluster's API server and starts it again, as a crash or an upgrade of a control plane does."""

import os
import signal
import subprocess
from pathlib import Path

from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from ocr_cluster.inside import FOLDER

PROGRAM = "kube-apiserver"


def end(cluster: Cluster) -> list[str]:
    """Kills it without a warning; answers its command line, for `start`."""
    pid, command = _process(cluster)
    os.kill(pid, signal.SIGKILL)
    cluster.wait(lambda: not Path(f"/proc/{pid}").exists(), "the API server to end")
    return command


def start(cluster: Cluster, command: list[str]) -> None:
    """Starts it in the cluster's namespaces, with which it ends; returns once it is ready."""
    in_background = f'cd {FOLDER} && "$@" </dev/null >>logs/{PROGRAM}.log 2>&1 &'
    subprocess.run(cluster.enter("sh", "-c", in_background, "sh", *command), check=True)
    cluster.wait(lambda: _is_ready(cluster), "the API server", 120)


def _process(cluster: Cluster) -> tuple[int, list[str]]:
    """Process id, and command line, of the one in this cluster: others may run on the machine."""
    addresses = f"--advertise-address={cluster.record.addresses.node}"
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_text().split("\0")[:-1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words and Path(words[0]).name == PROGRAM and addresses in words:
            return int(path.parent.name), words
    raise ClusterError(f"no {PROGRAM} runs in cluster {cluster.name}")


def _is_ready(cluster: Cluster) -> bool:
    try:
        return cluster.kubectl("get", "--raw=/readyz", seconds=10) == "ok"
    except ClusterError:
        return False
