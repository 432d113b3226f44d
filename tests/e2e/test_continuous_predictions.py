"""Predictions while everything below them changes: specs, pods and the operator."""

import itertools
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from ocr_cluster.cluster import Cluster
from prediction_stream import prediction_stream

pytestmark = pytest.mark.e2e

SECONDS = int(os.environ.get("STREAM_SECONDS", "75"))
"""How long changes follow each other; the last one is completed."""
FEWEST_CHANGES = 3
PER_SECOND = 3
READY_SECONDS = 240
MANAGED = "--selector=app.kubernetes.io/managed-by=ocr-operator"
OPERATOR = "--selector=app.kubernetes.io/name=ocr-backend-operator"
Json = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """OCRBackend `ocr` on a real node, with two pods."""

    cluster: Cluster
    namespace: str

    def kubectl(self, *arguments: str, **options: Any) -> str:
        """kubectl in the namespace."""
        return self.cluster.kubectl(*arguments, f"--namespace={self.namespace}", **options)

    def apply(self, replicas: int = 2, **spec: Any) -> None:
        """Applies the OCRBackend with the builtin models, which need no volume."""
        variant = {"name": "ch-mobile", "language": "ch", "modelType": "mobile", "replicas": replicas}
        requests = {"requests": {"cpu": "100m", "memory": "512Mi"}}
        always = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}}
        body: Json = {
            "apiVersion": "ocrbackend.io/v1alpha1",
            "kind": "OCRBackend",
            "metadata": {"name": "ocr", "namespace": self.namespace},
            "spec": always | {"variants": [variant | {"resources": requests}]} | spec,
        }
        self.cluster.apply(body)

    def kill_operator(self) -> None:
        """Kills the operator's pod without notice."""
        self.kubectl("delete", "pod", OPERATOR, "--grace-period=0", "--force", "--wait=false")

    def evict(self) -> None:
        """Evicts a pod, as a drain does."""
        name = self._pods()[0]["metadata"]["name"]
        eviction: Json = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        path = f"/api/v1/namespaces/{self.namespace}/pods/{name}/eviction"
        self.cluster.kubectl("create", f"--raw={path}", "--filename=-", input=json.dumps(eviction))

    def _pods(self) -> list[Json]:
        return list(self.cluster.get("pods", MANAGED, f"--namespace={self.namespace}").get("items", []))

    def is_complete(self) -> bool:
        """The status is that of the present spec, and no pod is about to end or start."""
        backend = self.cluster.get("ocrb", "ocr", f"--namespace={self.namespace}")
        conditions = {each["type"]: each for each in backend.get("status", {}).get("conditions", [])}
        ready = conditions.get("Ready", {})
        is_current = ready.get("observedGeneration") == backend["metadata"]["generation"]
        replicas = [each["replicas"] for each in backend.get("status", {}).get("variants", [])]
        counts = {count for each in replicas for count in each.values()}
        return is_current and ready["status"] == "True" and counts == {len(self._pods())}

    def wait(self, change: str) -> None:
        """Waits until a change is complete."""
        self.cluster.wait(self.is_complete, change, READY_SECONDS)


def _changes(site: Site) -> dict[str, Callable[[], object]]:
    """The changes by name; they are repeated in this order, with other numbers."""
    numbers = itertools.count(1)
    return {
        "options": lambda: site.apply(options={"scoreThreshold": f"0.{400 + next(numbers)}"}),
        "operator killed": site.kill_operator,
        "pod evicted": site.evict,
        "environment": lambda: site.apply(env=[{"name": "TEST", "value": str(next(numbers))}]),
        "third pod": lambda: site.apply(replicas=3),
        "operator killed in a rollout": lambda: (
            site.apply(podTemplate={"labels": {"test": f"n{next(numbers)}"}}),
            site.kill_operator(),
        ),
    }


def test_no_prediction_fails_or_is_wrong_during_changes(
    full_cluster: Cluster, restricted_namespace: str, install: Callable[..., str]
) -> None:
    install("--wait", "--set", "backends=null,defaultBackend.enabled=false")
    site = Site(full_cluster, restricted_namespace)
    site.apply()
    site.wait("the first pods")
    service = full_cluster.get("service", "ocr-ch-mobile", f"--namespace={site.namespace}")
    rows, end = [], time.monotonic() + SECONDS
    with prediction_stream(f"http://{service['spec']['clusterIP']}:9090", PER_SECOND) as stream:
        for name, change in itertools.cycle(_changes(site).items()):
            start = time.monotonic()
            change()
            site.wait(name)
            rows.append(f"{name:28} {time.monotonic() - start:4.0f} s")
            if time.monotonic() > end and len(rows) >= FEWEST_CHANGES:
                break
    print("\n" + "\n".join(rows))
    print(f"{len(stream.seconds)} predictions during {len(rows)} changes, {len(stream.faults)} faults")
    print(f"p50 {stream.percentile(50):.2f} s, p99 {stream.percentile(99):.2f} s")
    assert stream.faults == []
    assert len(stream.seconds) > PER_SECOND * SECONDS * 0.9
