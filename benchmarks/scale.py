"""Many OCRBackends on a real control plane with fake nodes, compared with `kubectl apply` of their objects.

Run `python benchmarks/scale.py [BACKENDS]` as root with PYTHONPATH=tests/cluster:tests/support. Prints rows
of README.md. KWOK makes pods Ready, so this measures only the operator and the control plane.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ocr_cluster import lifecycle
from ocr_cluster.cluster import Cluster
from operator_process import Operator, running_operator

CHART = Path(__file__).parents[1] / "chart"
OPERATOR_NAMESPACE, OPERATED_NAMESPACE, APPLIED_NAMESPACE = "operator", "operated", "applied"
VARIANTS = 2
PODS_PER_NODE = 60
"""A pod requests half a core, and a fake node has 32 cores."""
STEADY_SECONDS = 60
TIMEOUT_SECONDS = 300
WRITES = ("create", "update", "patch", "delete")
MANAGED_KINDS = "deployments,services"


def main() -> None:
    """Runs the benchmark once."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    nodes = count * VARIANTS // PODS_PER_NODE + 1
    with lifecycle.running("bench-scale", light=True, node_count=nodes) as cluster:
        _install(cluster)
        with tempfile.TemporaryDirectory() as folder:
            operated_seconds, managed_objects = _measure_operator(cluster, Path(folder), count)
        applied_seconds = _apply(cluster, managed_objects)
        _row(
            f"`kubectl apply` of the same {len(managed_objects)} objects, all available",
            f"{applied_seconds:.1f} s",
        )
        _row("time with the operator, relative to that", f"{operated_seconds / applied_seconds:.2f}")


def _install(cluster: Cluster) -> None:
    for namespace in (OPERATOR_NAMESPACE, OPERATED_NAMESPACE, APPLIED_NAMESPACE):
        cluster.kubectl("create", "namespace", namespace)
    values = (
        "defaultBackend.enabled=false",
        "operator.watch.allNamespaces=true",
        "operator.logLevel=WARNING",
    )
    sets = [word for value in values for word in ("--set", value)]
    cluster.helm("install", "ocr", str(CHART), "--namespace", OPERATOR_NAMESPACE, *sets)
    cluster.kubectl("wait", "--for=condition=Established", "crd/ocrbackends.ocrbackend.io")


def _measure_operator(cluster: Cluster, folder: Path, count: int) -> tuple[float, list[dict[str, Any]]]:
    """Prints the rows of the operator; returns the seconds until all were Ready, and the managed objects."""
    with running_operator(cluster, OPERATOR_NAMESPACE, folder) as operator:
        cluster.wait(lambda: operator.metric("leader_election_master_status"), "the operator to lead")
        with _writes(cluster, operator, f"writes for {count} new OCRBackends"):
            start = time.monotonic()
            cluster.apply(*(_backend(f"b{number}") for number in range(count)))
            _row(f"`kubectl apply` of {count} OCRBackends alone", _since(start))
            _wait_for(cluster, "Ready", "ocrb", OPERATED_NAMESPACE)
            operated_seconds = time.monotonic() - start
            _row(f"{count} OCRBackends of {VARIANTS} variants, all Ready", f"{operated_seconds:.1f} s")
        for share in (0.5, 0.95):
            _row(f"one reconcile, p{share * 100:.0f}", f"{_quantile(operator, share) * 1000:.0f} ms")
        with _writes(cluster, operator, f"writes in {STEADY_SECONDS} s without a change"):
            time.sleep(STEADY_SECONDS)
        with _writes(cluster, operator, "writes for one changed option, until Ready"):
            _change(cluster, "b0")
        _row("operator, resident", f"{operator.metric('process_resident_memory_bytes') / 2**20:.0f} MiB")
    start = time.monotonic()
    with running_operator(cluster, OPERATOR_NAMESPACE, folder) as operator:
        with _writes(cluster, operator, "writes after a restart"):
            _wait_for_reconciles(cluster, operator, count)
        _row("restart to converged", _since(start))
    return operated_seconds, cluster.get(MANAGED_KINDS, f"--namespace={OPERATED_NAMESPACE}")["items"]


def _backend(name: str) -> dict[str, Any]:
    spec = {
        "ocrVersion": "PP-OCRv6",
        "models": {"source": "Builtin"},
        "variants": [
            {"name": f"{language}-mobile", "language": language, "modelType": "mobile"}
            for language in ("ch", "latin")
        ],
    }
    metadata = {"name": name, "namespace": OPERATED_NAMESPACE}
    return {"apiVersion": "ocrbackend.io/v1alpha1", "kind": "OCRBackend", "metadata": metadata, "spec": spec}


def _wait_for(cluster: Cluster, condition: str, kind: str, namespace: str) -> None:
    """Waits until all objects of a kind have the condition; a watch, because polling would add load."""
    options = (f"--for=condition={condition}", f"--timeout={TIMEOUT_SECONDS}s", f"--namespace={namespace}")
    cluster.kubectl("wait", kind, "--all", *options, seconds=TIMEOUT_SECONDS)


def _change(cluster: Cluster, name: str) -> None:
    patch = json.dumps({"spec": {"options": {"scoreThreshold": "0.75"}}})
    namespace_option = f"--namespace={OPERATED_NAMESPACE}"
    cluster.kubectl("patch", "ocrb", name, namespace_option, "--type=merge", f"--patch={patch}")

    def is_ready() -> bool:
        backend = cluster.get("ocrb", name, namespace_option)
        [ready] = [condition for condition in backend["status"]["conditions"] if condition["type"] == "Ready"]
        return (ready["status"], ready["observedGeneration"]) == ("True", backend["metadata"]["generation"])

    cluster.wait(is_ready, f"{name} to be ready")


def _wait_for_reconciles(cluster: Cluster, operator: Operator, count: int) -> None:
    def is_done() -> bool:
        reconciles = operator.metric("controller_runtime_reconcile_total")
        return reconciles >= count and operator.metric("workqueue_depth") == 0

    cluster.wait(is_done, "a reconcile of each OCRBackend", TIMEOUT_SECONDS)


def _quantile(operator: Operator, share: float) -> float:
    """Upper bound in seconds of the histogram bucket that contains this share of the reconciles."""
    _, text = operator.get("/metrics")
    lines = [line for line in text.splitlines() if "reconcile_time_seconds_bucket" in line]
    bounds = [(float(line.split('le="')[1].split('"')[0]), float(line.rsplit(" ", 1)[1])) for line in lines]
    return next(bound for bound, reconciles in bounds if reconciles >= share * bounds[-1][1])


@contextmanager
def _writes(cluster: Cluster, operator: Operator, title: str) -> Iterator[None]:
    """Prints a row with the number of writes of the operator in the context, except those to its Lease."""
    before = _count_writes(cluster, operator)
    yield
    _row(title, str(_count_writes(cluster, operator) - before))


def _count_writes(cluster: Cluster, operator: Operator) -> int:
    with cluster.audit_log.open(encoding="utf-8") as lines:
        # The log is long, so only lines that name the operator are parsed.
        entries = (json.loads(line) for line in lines if operator.account in line)
        return sum(_is_write(entry) for entry in entries if entry["user"]["username"] == operator.account)


def _is_write(entry: dict[str, Any]) -> bool:
    resource = entry.get("objectRef", {}).get("resource")
    return entry["stage"] == "ResponseComplete" and entry["verb"] in WRITES and resource != "leases"


def _apply(cluster: Cluster, managed_objects: list[dict[str, Any]]) -> float:
    """Applies copies of the managed objects; returns the seconds until all are available."""
    copies = [_copy(managed_object) for managed_object in managed_objects]
    cluster.kubectl("delete", "ocrb", "--all", f"--namespace={OPERATED_NAMESPACE}", seconds=TIMEOUT_SECONDS)
    cluster.wait(
        lambda: not cluster.get("pods", f"--namespace={OPERATED_NAMESPACE}").get("items"),
        "no pods",
        TIMEOUT_SECONDS,
    )
    start = time.monotonic()
    cluster.kubectl(
        "apply", "--filename=-", input="\n---\n".join(map(json.dumps, copies)), seconds=TIMEOUT_SECONDS
    )
    _wait_for(cluster, "Available", "deployments", APPLIED_NAMESPACE)
    return time.monotonic() - start


def _copy(managed_object: dict[str, Any]) -> dict[str, Any]:
    """The object as a user would write it: without fields of the API server or the label of the operator."""
    labels = {
        name: text for name, text in managed_object["metadata"]["labels"].items() if "managed-by" not in name
    }
    metadata = {"name": managed_object["metadata"]["name"], "namespace": APPLIED_NAMESPACE, "labels": labels}
    spec = {name: value for name, value in managed_object["spec"].items() if not name.startswith("clusterIP")}
    return {
        "apiVersion": managed_object["apiVersion"],
        "kind": managed_object["kind"],
        "metadata": metadata,
        "spec": spec,
    }


def _since(start: float) -> str:
    return f"{time.monotonic() - start:.1f} s"


def _row(title: str, value: str) -> None:
    print(f"| {title} | {value} |", flush=True)


if __name__ == "__main__":
    main()
