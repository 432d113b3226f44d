"""Ends and starts a test cluster's API server, and pauses its etcd, like crashes, upgrades and slow disks."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from ocr_cluster.inside import FOLDER

API_SERVER = "kube-apiserver"


def end_api_server(cluster: Cluster) -> list[str]:
    """Kills the API server; returns its command line for `start_api_server`."""
    pid, command = _process(cluster, API_SERVER)
    os.kill(pid, signal.SIGKILL)
    cluster.wait(lambda: not Path(f"/proc/{pid}").exists(), "the API server to end")
    return command


def start_api_server(cluster: Cluster, command: list[str]) -> None:
    """Starts the API server in the cluster's namespaces; returns when it is ready."""
    in_background = f'cd {FOLDER} && "$@" </dev/null >>logs/{API_SERVER}.log 2>&1 &'
    subprocess.run(cluster.enter("sh", "-c", in_background, "sh", *command), check=True)
    cluster.wait(lambda: _is_ready(cluster), "the API server", 120)


@contextmanager
def stopped_etcd(cluster: Cluster) -> Iterator[None]:
    """Pauses etcd until the end of the context."""
    pid, _ = _process(cluster, "etcd")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        cluster.wait(lambda: _is_ready(cluster), "the API server", 120)


def _process(cluster: Cluster, program: str) -> tuple[int, list[str]]:
    """Process id and command line of the program in this cluster's network namespace: others may run too."""
    network = _network(cluster.record.supervisor.pid)
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_text().split("\0")[:-1]
            if words and Path(words[0]).name == program and _network(int(path.parent.name)) == network:
                return int(path.parent.name), words
        except (FileNotFoundError, ProcessLookupError):
            continue
    raise ClusterError(f"no {program} runs in cluster {cluster.name}")


def _network(pid: int) -> str:
    return os.readlink(f"/proc/{pid}/ns/net")


def _is_ready(cluster: Cluster) -> bool:
    try:
        return cluster.kubectl("get", "--raw=/readyz", seconds=10) == "ok"
    except ClusterError:
        return False
