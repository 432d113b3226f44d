"""From `helm install` to Ready on a real node that has the images, with the models inside them.

`python benchmarks/installing.py [ROUNDS]`, as root, with PYTHONPATH=tests/cluster:tests/support. Prints rows
of README.md. Each round installs into a namespace of its own, and leaves nothing for the next.
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
LONGEST_SECONDS = 300
STAGES = (
    "`helm install` has ended",
    "the operator's container runs",
    "the operator leads",
    "the OCRBackend is there",
    "the backend's container runs",
    "Ready",
)


def main() -> None:
    """Prints when each stage was reached, as the median of the rounds, and the slowest round."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with lifecycle.running("bench-installing") as cluster:
        values = _load_images(cluster)
        measured = [_round(cluster, f"round-{number}", values) for number in range(rounds)]
    for number, stage in enumerate(STAGES):
        times = [one[number] for one in measured]
        print(f"| {stage} | {median(times):.1f} s | {max(times):.1f} s |", flush=True)


def _load_images(cluster: Cluster) -> list[str]:
    """Puts this tree's images on the node; answers Helm's arguments that name them."""
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
    """Seconds from the command to each stage."""
    where = f"--namespace={namespace}"
    command = ["install", "ocr", str(CHART), where, "--create-namespace", "--values"]
    command += [str(CHART / "values-airgap.yaml"), *values]
    start = time.monotonic()
    with _running(cluster, command) as helm:
        reached = [
            _first(cluster, start, is_reached)
            for is_reached in (
                lambda: helm.poll() == 0,
                lambda: _is_running(cluster, where, "app.kubernetes.io/name=ocr-backend-operator"),
                lambda: _leader(cluster, where),
                lambda: cluster.get("ocrb", "ocr", where),
                lambda: _is_running(cluster, where, "app.kubernetes.io/managed-by=ocr-operator"),
                lambda: _is_ready(cluster, where),
            )
        ]
    cluster.helm("uninstall", "ocr", where)
    cluster.kubectl("delete", "namespace", namespace, "--wait", f"--timeout={LONGEST_SECONDS}s", seconds=400)
    return reached


@contextmanager
def _running(cluster: Cluster, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Helm beside us, so that what comes before it has ended is seen when it comes."""
    program = [str(cluster.folder / "bin" / "helm"), f"--kubeconfig={cluster.kubeconfig}", *command]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL) as helm:
        yield helm


def _first(cluster: Cluster, start: float, is_reached: Callable[[], Any]) -> float:
    cluster.wait(is_reached, "the next stage", LONGEST_SECONDS)
    return time.monotonic() - start


def _is_running(cluster: Cluster, where: str, selector: str) -> bool:
    pods = cluster.get("pods", where, f"--selector={selector}").get("items", [])
    return any(
        "running" in one["state"] for pod in pods for one in pod["status"].get("containerStatuses", [])
    )


def _leader(cluster: Cluster, where: str) -> bool:
    leases = cluster.get("leases", where).get("items", [])
    return any(one["spec"].get("holderIdentity") for one in leases)


def _is_ready(cluster: Cluster, where: str) -> bool:
    path = '{.status.conditions[?(@.type=="Ready")].status}'
    return cluster.kubectl("get", "ocrb", "ocr", where, f"--output=jsonpath={path}") == "True"


if __name__ == "__main__":
    main()
