"""The real operator as a process on this machine, with the permissions and arguments of a chart release.

For clusters with fake nodes, and for tests that kill the operator. Knows the names of the chart's objects.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ocr_cluster.cluster import Cluster
from pod_identity import PodIdentity

START_SECONDS = 60


@dataclass(frozen=True)
class Operator:
    """A running operator. `account` is its user in the API server."""

    process: subprocess.Popen[bytes]
    port: int
    account: str
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        """HTTP status and body of a request to the operator; (0, reason) if it does not respond."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def metric(self, name: str) -> float:
        """Sum of a metric over its labels."""
        _, text = self.get("/metrics")
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return sum(float(value) for series, value in lines if series.split("{")[0] == name)

    def kill(self) -> None:
        """Kills the process."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running_operator(
    cluster: Cluster,
    namespace: str,
    folder: Path,
    *arguments: str,
    ready: int = 200,
    name: str = "",
    server: str = "",
    failpoint: str = "",
    identity: PodIdentity | None = None,
) -> Iterator[Operator]:
    """The operator of the release `name`, or of the only one, in a namespace, until the end of the context.

    Waits until `/readyz` responds with the status `ready`. `arguments` are added to those of the chart,
    `server` replaces the URL of the API server, and `failpoint` is read by `ocr_operator.cluster.failpoints`.
    With an `identity`, the operator finds the API server and its token as in a pod, otherwise in a
    kubeconfig. If it does not start, the error contains its log.
    """
    selector = "app.kubernetes.io/name=ocr-backend-operator"
    selector += f",app.kubernetes.io/instance={name}" if name else ""
    [deployment] = cluster.get("deployments", f"--namespace={namespace}", f"--selector={selector}")["items"]
    pod = deployment["spec"]["template"]["spec"]
    port = _free_port()
    all_arguments = [*_arguments(cluster, namespace, pod, folder), f"--port={port}", *arguments]
    account = pod["serviceAccountName"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "OCR_OPERATOR_FAILPOINT": failpoint,
    }
    command: list[str | Path] = [Path(sys.executable).parent / "ocr-operator", *all_arguments]
    if identity:
        environment |= identity.environment()
        command = identity.command(*command)
    else:
        environment["KUBECONFIG"] = str(_kubeconfig(cluster, namespace, account, folder, server))
    log = folder / f"operator-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    operator = Operator(process, port, f"system:serviceaccount:{namespace}:{account}", log)
    try:
        _wait(operator, ready)
        yield operator
    finally:
        _stop(operator)


def _arguments(cluster: Cluster, namespace: str, pod: dict[str, Any], folder: Path) -> Iterator[str]:
    """The container's arguments; writes the mounted file to the folder."""
    for argument in pod["containers"][0]["args"]:
        name, _, value = argument.partition("=")
        if name != "--backends":
            yield argument
            continue
        [volume] = [entry for entry in pod["volumes"] if entry["name"] == "backends"]
        config_map = cluster.get("configmap", volume["configMap"]["name"], f"--namespace={namespace}")
        path = folder / Path(value).name
        path.write_text(config_map["data"][path.name], "utf-8")
        yield f"{name}={path}"


def _kubeconfig(cluster: Cluster, namespace: str, account: str, folder: Path, server: str) -> Path:
    """A kubeconfig with a token of the service account only."""
    config = yaml.safe_load(cluster.kubeconfig.read_text("utf-8"))
    token = cluster.kubectl("create", "token", account, f"--namespace={namespace}", "--duration=1h")
    if server:
        config["clusters"][0]["cluster"] = {"server": server}
    [user] = config["users"]
    user["user"] = {"token": token.strip()}
    path = folder / f"operator-{uuid.uuid4().hex[:8]}.kubeconfig"
    path.write_text(json.dumps(config), "utf-8")
    return path


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _wait(operator: Operator, ready: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while operator.get("/readyz")[0] != ready:
        if operator.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the operator did not start:\n{operator.log.read_text('utf-8')}")
        time.sleep(0.05)


def _stop(operator: Operator) -> None:
    if operator.process.poll() is None:
        operator.process.send_signal(signal.SIGCONT)
        operator.process.send_signal(signal.SIGTERM)
        try:
            operator.process.wait(30)
        except subprocess.TimeoutExpired:
            operator.kill()
