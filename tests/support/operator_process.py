"""The real operator, run on this machine with the rights, arguments and values of a release of the chart.

For clusters whose nodes run nothing, and for tests that have to kill it. Knows the chart's objects by name.
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
    """A running operator. `account` is the user that the API server knows it as."""

    process: subprocess.Popen[bytes]
    port: int
    account: str
    log: Path

    def answer(self, path: str) -> tuple[int, str]:
        """Status and text of its own HTTP; (0, reason) where nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def metric(self, name: str) -> float:
        """Sum of a metric over its labels."""
        _, text = self.answer("/metrics")
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return sum(float(value) for series, value in lines if series.split("{")[0] == name)

    def kill(self) -> None:
        """Ends it without a warning."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running_operator(
    cluster: Cluster,
    namespace: str,
    folder: Path,
    *more: str,
    ready: int = 200,
    server: str = "",
    failpoint: str = "",
    identity: PodIdentity | None = None,
) -> Iterator[Operator]:
    """The operator of the only release in a namespace, from when `/readyz` answers `ready` until the end.

    `more` are further arguments, `server` is an API server to ask in the place of the cluster's own, and
    `failpoint` what `ocr_operator.cluster.failpoints` reads. With an `identity` it finds the API server and
    its token as in a pod, else by a kubeconfig. Its log stands in the error if it does not start.
    """
    [deployment] = cluster.get(
        "deployments", f"--namespace={namespace}", "--selector=app.kubernetes.io/name=ocr-backend-operator"
    )["items"]
    pod = deployment["spec"]["template"]["spec"]
    port = _free_port()
    arguments = [*_arguments(cluster, namespace, pod, folder), f"--port={port}", *more]
    account = pod["serviceAccountName"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "OCR_OPERATOR_FAILPOINT": failpoint,
    }
    command: list[str | Path] = [Path(sys.executable).parent / "ocr-operator", *arguments]
    if identity:
        environment |= identity.environment()
        command = identity.command(*command)
    else:
        environment["KUBECONFIG"] = str(_kubeconfig(cluster, namespace, account, folder, server))
    log = folder / f"operator-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    found = Operator(process, port, f"system:serviceaccount:{namespace}:{account}", log)
    try:
        _wait(found, ready)
        yield found
    finally:
        _stop(found)


def _arguments(cluster: Cluster, namespace: str, pod: dict[str, Any], folder: Path) -> Iterator[str]:
    """The container's arguments, with the mounted file written to the folder."""
    for argument in pod["containers"][0]["args"]:
        name, _, value = argument.partition("=")
        if name != "--backends":
            yield argument
            continue
        [volume] = [one for one in pod["volumes"] if one["name"] == "backends"]
        held = cluster.get("configmap", volume["configMap"]["name"], f"--namespace={namespace}")
        path = folder / Path(value).name
        path.write_text(held["data"][path.name], "utf-8")
        yield f"{name}={path}"


def _kubeconfig(cluster: Cluster, namespace: str, account: str, folder: Path, server: str) -> Path:
    """A kubeconfig with a token of the service account and nothing else."""
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
    while operator.answer("/readyz")[0] != ready:
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
