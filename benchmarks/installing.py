"""Time from `helm install` to Ready on a real node that has the images, which contain the models.

Run `python benchmarks/installing.py [ROUNDS]` as root with PYTHONPATH=tests/cluster:tests/support. Prints
rows of README.md. Each round installs into its own namespace and removes everything.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from ocr_cluster import images, lifecycle, loading
from ocr_cluster.cluster import Cluster

CHART = Path(__file__).parents[1] / "chart"
TIMEOUT_SECONDS = 300
STAGES = (
    "`helm install` has ended",
    "the operator's container runs",
    "the operator leads",
    "the OCRBackend exists",
    "the backend's container runs",
    "Ready",
)


def main() -> None:
    """Prints the time until each stage: median and maximum of the rounds."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with lifecycle.running("bench-installing") as cluster:
        values = _load_images(cluster)
        measured = [_round(cluster, f"round-{number}", values) for number in range(rounds)]
    for number, stage in enumerate(STAGES):
        times = [stages[number] for stages in measured]
        print(f"| {stage} | {median(times):.1f} s | {max(times):.1f} s |", flush=True)


def _load_images(cluster: Cluster) -> list[str]:
    """Builds the images and loads them on the node; returns the arguments for Helm that name them."""
    built = {image.target: image for image in images.build()}
    loading.load(cluster, [image.archive for image in built.values()])
    values = {
        "global.imageRegistry": images.REGISTRY,
        "operator.image.tag": built["operator"].tag,
        "backend.image.tag": built["backend-cpu"].tag,
        "crds.keep": "false",
    }
    return [f"--set={name}={value}" for name, value in values.items()]


def _round(cluster: Cluster, namespace: str, values: list[str]) -> list[float]:
    """Seconds from the start of the command to each stage."""
    namespace_option = f"--namespace={namespace}"
    command = ["install", "ocr", str(CHART), namespace_option, "--create-namespace", "--values"]
    command += [str(CHART / "values-airgap.yaml"), *values]
    start = time.monotonic()
    with _running(cluster, command) as helm:
        reached = [
            _first(cluster, start, is_reached)
            for is_reached in (
                lambda: helm.poll() == 0,
                lambda: _is_running(cluster, namespace_option, "app.kubernetes.io/name=ocr-backend-operator"),
                lambda: _leader(cluster, namespace_option),
                lambda: cluster.get("ocrb", "ocr", namespace_option),
                lambda: _is_running(cluster, namespace_option, "app.kubernetes.io/managed-by=ocr-operator"),
                lambda: _is_ready(cluster, namespace_option),
            )
        ]
    cluster.helm("uninstall", "ocr", namespace_option)
    cluster.kubectl("delete", "namespace", namespace, "--wait", f"--timeout={TIMEOUT_SECONDS}s", seconds=400)
    return reached


@contextmanager
def _running(cluster: Cluster, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Runs Helm in the background, because some stages are reached before it ends."""
    program = [str(cluster.folder / "bin" / "helm"), f"--kubeconfig={cluster.kubeconfig}", *command]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL) as helm:
        yield helm


def _first(cluster: Cluster, start: float, is_reached: Callable[[], Any]) -> float:
    cluster.wait(is_reached, "the next stage", TIMEOUT_SECONDS)
    return time.monotonic() - start


def _is_running(cluster: Cluster, namespace_option: str, selector: str) -> bool:
    pods = cluster.get("pods", namespace_option, f"--selector={selector}").get("items", [])
    statuses = [status for pod in pods for status in pod["status"].get("containerStatuses", [])]
    return any("running" in status["state"] for status in statuses)


def _leader(cluster: Cluster, namespace_option: str) -> bool:
    leases = cluster.get("leases", namespace_option).get("items", [])
    return any(lease["spec"].get("holderIdentity") for lease in leases)


def _is_ready(cluster: Cluster, namespace_option: str) -> bool:
    path = '{.status.conditions[?(@.type=="Ready")].status}'
    return cluster.kubectl("get", "ocrb", "ocr", namespace_option, f"--output=jsonpath={path}") == "True"


if __name__ == "__main__":
    main()
