"""Many OCRBackends on a real control plane with fake nodes, beside `kubectl apply` of the same children.

`python benchmarks/scale.py [BACKENDS]`, as root, with PYTHONPATH=tests/cluster:tests/support. Prints rows of
README.md. Pods become Ready as fast as KWOK says: what is measured is the operator and the control plane.
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
HOME, THROUGH, DIRECT = "operator", "through", "direct"
VARIANTS = 2
PODS_PER_NODE = 60
"""They ask for half a core each, and a fake node has 32."""
STEADY_SECONDS = 60
LONGEST_SECONDS = 300
WRITES = ("create", "update", "patch", "delete")
CHILDREN = "deployments,services"


def main() -> None:
    """Runs everything once."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    nodes = count * VARIANTS // PODS_PER_NODE + 1
    with lifecycle.running("bench-scale", light=True, node_count=nodes) as cluster:
        _install(cluster)
        with tempfile.TemporaryDirectory() as folder:
            through, children = _measure_operator(cluster, Path(folder), count)
        direct = _apply(cluster, children)
        _row(f"`kubectl apply` of the same {len(children)} children, all available", f"{direct:.1f} s")
        _row("through the operator against that", f"{through / direct:.2f}")


def _install(cluster: Cluster) -> None:
    for namespace in (HOME, THROUGH, DIRECT):
        cluster.kubectl("create", "namespace", namespace)
    values = ("backends=null", "operator.watch.allNamespaces=true", "operator.logLevel=WARNING")
    sets = [word for value in values for word in ("--set", value)]
    cluster.helm("install", "ocr", str(CHART), "--namespace", HOME, *sets)
    cluster.kubectl("wait", "--for=condition=Established", "crd/ocrbackends.ocrbackend.io")


def _measure_operator(cluster: Cluster, folder: Path, count: int) -> tuple[float, list[dict[str, Any]]]:
    """Rows about the operator; answers the seconds until all were Ready, and the children that it made."""
    with running_operator(cluster, HOME, folder) as operator:
        cluster.wait(lambda: operator.metric("leader_election_master_status"), "the operator to lead")
        with _writes(cluster, operator, f"writes for {count} new OCRBackends"):
            start = time.monotonic()
            cluster.apply(*(_backend(f"b{number}") for number in range(count)))
            _row(f"`kubectl apply` of {count} OCRBackends alone", _since(start))
            _wait_for(cluster, "Ready", "ocrb", THROUGH)
            through = time.monotonic() - start
            _row(f"{count} OCRBackends of {VARIANTS} variants, all Ready", f"{through:.1f} s")
        for share in (0.5, 0.95):
            _row(f"one look, p{share * 100:.0f}", f"{_quantile(operator, share) * 1000:.0f} ms")
        with _writes(cluster, operator, f"writes in {STEADY_SECONDS} s without a change"):
            time.sleep(STEADY_SECONDS)
        with _writes(cluster, operator, "writes for one changed option, until Ready"):
            _change(cluster, "b0")
        _row("operator, resident", f"{operator.metric('process_resident_memory_bytes') / 2**20:.0f} MiB")
    start = time.monotonic()
    with running_operator(cluster, HOME, folder) as operator:
        with _writes(cluster, operator, "writes after a restart"):
            _wait_for_looks(cluster, operator, count)
        _row("restart to converged", _since(start))
    return through, cluster.get(CHILDREN, f"--namespace={THROUGH}")["items"]


def _backend(name: str) -> dict[str, Any]:
    spec = {
        "ocrVersion": "PP-OCRv6",
        "models": {"source": "Builtin"},
        "variants": [{"language": one, "modelType": "mobile"} for one in ("ch", "latin")],
    }
    metadata = {"name": name, "namespace": THROUGH}
    return {"apiVersion": "ocrbackend.io/v1alpha1", "kind": "OCRBackend", "metadata": metadata, "spec": spec}


def _wait_for(cluster: Cluster, condition: str, kind: str, namespace: str) -> None:
    """Returns once all of a kind have the condition. It watches: asking again and again would be a load."""
    how = (f"--for=condition={condition}", f"--timeout={LONGEST_SECONDS}s", f"--namespace={namespace}")
    cluster.kubectl("wait", kind, "--all", *how, seconds=LONGEST_SECONDS)


def _change(cluster: Cluster, name: str) -> None:
    patch = json.dumps({"spec": {"options": {"scoreThreshold": "0.75"}}})
    where = f"--namespace={THROUGH}"
    cluster.kubectl("patch", "ocrb", name, where, "--type=merge", f"--patch={patch}")

    def is_ready() -> bool:
        found = cluster.get("ocrb", name, where)
        [ready] = [one for one in found["status"]["conditions"] if one["type"] == "Ready"]
        return (ready["status"], ready["observedGeneration"]) == ("True", found["metadata"]["generation"])

    cluster.wait(is_ready, f"{name} to be ready")


def _wait_for_looks(cluster: Cluster, operator: Operator, count: int) -> None:
    def is_done() -> bool:
        looks = operator.metric("controller_runtime_reconcile_total")
        return looks >= count and operator.metric("workqueue_depth") == 0

    cluster.wait(is_done, "a look at all", LONGEST_SECONDS)


def _quantile(operator: Operator, share: float) -> float:
    """Upper bound, in seconds, of the histogram's bucket in which that share of looks has ended."""
    _, text = operator.answer("/metrics")
    lines = [line for line in text.splitlines() if "reconcile_time_seconds_bucket" in line]
    bounds = [(float(line.split('le="')[1].split('"')[0]), float(line.rsplit(" ", 1)[1])) for line in lines]
    return next(bound for bound, looks in bounds if looks >= share * bounds[-1][1])


@contextmanager
def _writes(cluster: Cluster, operator: Operator, what: str) -> Iterator[None]:
    """A row with the number of the operator's writes in the context, those to its Lease left out."""
    before = _count_writes(cluster, operator)
    yield
    _row(what, str(_count_writes(cluster, operator) - before))


def _count_writes(cluster: Cluster, operator: Operator) -> int:
    with cluster.audit_log.open(encoding="utf-8") as lines:
        # Most lines are of others, and there are many: they are not parsed.
        entries = (json.loads(line) for line in lines if operator.account in line)
        return sum(_is_write(one) for one in entries if one["user"]["username"] == operator.account)


def _is_write(one: dict[str, Any]) -> bool:
    about = one.get("objectRef", {}).get("resource")
    return one["stage"] == "ResponseComplete" and one["verb"] in WRITES and about != "leases"


def _apply(cluster: Cluster, children: list[dict[str, Any]]) -> float:
    """Applies copies of the children, and answers the seconds until all are available."""
    copies = [_copy(child) for child in children]
    cluster.kubectl("delete", "ocrb", "--all", f"--namespace={THROUGH}", seconds=LONGEST_SECONDS)
    cluster.wait(
        lambda: not cluster.get("pods", f"--namespace={THROUGH}").get("items"), "no pods", LONGEST_SECONDS
    )
    start = time.monotonic()
    cluster.kubectl(
        "apply", "--filename=-", input="\n---\n".join(map(json.dumps, copies)), seconds=LONGEST_SECONDS
    )
    _wait_for(cluster, "Available", "deployments", DIRECT)
    return time.monotonic() - start


def _copy(child: dict[str, Any]) -> dict[str, Any]:
    """What a person would have written: nothing of the API server's, and not the operator's label."""
    labels = {name: text for name, text in child["metadata"]["labels"].items() if "managed-by" not in name}
    metadata = {"name": child["metadata"]["name"], "namespace": DIRECT, "labels": labels}
    spec = {name: value for name, value in child["spec"].items() if not name.startswith("clusterIP")}
    return {"apiVersion": child["apiVersion"], "kind": child["kind"], "metadata": metadata, "spec": spec}


def _since(start: float) -> str:
    return f"{time.monotonic() - start:.1f} s"


def _row(what: str, value: str) -> None:
    print(f"| {what} | {value} |", flush=True)


if __name__ == "__main__":
    main()
