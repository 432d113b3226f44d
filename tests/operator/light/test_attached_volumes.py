"""A volume that one node can use at a time, on three nodes: rollouts, drained and lost nodes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from attachable_volumes import STORAGE_CLASS, Kubelets, attachable_volumes
from ocr_cluster import configuration
from operator_process import Operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Json = dict[str, Any]

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
LATIN = {"name": "latin-mobile", "language": "latin", "modelType": "mobile"}
JAPANESE = {"name": "japan-mobile", "language": "japan", "modelType": "mobile"}
MANAGED = "--selector=app.kubernetes.io/managed-by=ocr-operator"
MOVE_SECONDS = 150
"""Pods of a deleted node are deleted after at most 60 s; the rest is for a busy machine."""

ROLLOUTS: dict[str, Json] = {
    "environment": {"env": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com"}]},
    "options": {"options": {"scoreThreshold": "0.6"}},
    "resources": {"variants": [CHINESE | {"resources": {"requests": {"cpu": "2"}}}, LATIN]},
    "labels": {"podTemplate": {"labels": {"team": "reading"}}},
    "image": {"image": {"tag": "next"}},
    "language added": {"variants": [CHINESE, LATIN, JAPANESE]},
    "two replicas": {"variants": [CHINESE | {"replicas": 2}, LATIN, JAPANESE]},
    "models of another version": {"ocrVersion": "PP-OCRv5"},
    "language removed": {"variants": [CHINESE | {"replicas": 2}, LATIN]},
    "all variants at once": {"rollout": {"maxParallelVariants": 2}, "options": {"scoreThreshold": "0.7"}},
}


@pytest.fixture
def kubelets(release: Release) -> Iterator[Kubelets]:
    with attachable_volumes(release.cluster, release.namespace) as running:
        yield running
        release.kubectl("delete", "ocrb,deployments,jobs,pvc", "--all", "--wait=false")
        release.cluster.wait(lambda: not release.get("pods").get("items"), "no pods", 120)


@dataclass
class Site:
    """An OCRBackend with a volume of class `disks`, and a table of what its changes did."""

    release: Release
    kubelets: Kubelets
    spec: Json = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)

    def change(self, name: str, action: Callable[[], Any], seconds: float = 60) -> str:
        """Carries out a change, and returns the only node with pods and the volume once it is complete."""
        start, nodes = time.monotonic(), self._nodes()
        self.kubelets.reset()
        action()
        self.release.cluster.wait(lambda: self._is_complete(), name, seconds)
        passed = time.monotonic() - start
        [node] = self._nodes()
        moves = f"{' '.join(nodes) or '-'} -> {node}"
        self.rows.append(f"{name:28} {passed:5.0f} s  {moves:18}  fewest ready pods {self.least_ready()}")
        return node

    def apply(self, **spec: Any) -> Callable[[], None]:
        """An action that changes these fields of the spec."""

        def action() -> None:
            self.spec |= spec
            self.release.apply(**self.spec)

        return action

    def least_ready(self) -> int:
        """The fewest ready pods of any variant during the last change; variants that start do not count."""
        return min(self.kubelets.least_ready.get(each["name"], 1) for each in self.spec["variants"])

    def _nodes(self) -> list[str]:
        """The nodes of the pods that serve."""
        pods = self.release.get("pods", MANAGED, "--field-selector=status.phase=Running").get("items", [])
        serving = [each for each in pods if "deletionTimestamp" not in each["metadata"]]
        return sorted({each["spec"].get("nodeName", "") for each in serving})

    def _is_complete(self) -> bool:
        """All pods are ready, and on the only node to which the volume is attached."""
        if self.release.condition().get("reason") != "Available":
            return False
        claim = self.release.get("persistentvolumeclaim", "ocr-models")["spec"]["volumeName"]
        nodes = [node for volume, node in self.kubelets.attached() if volume == claim]
        return nodes == self._nodes()

    def delete_node(self, node: str) -> None:
        """Deletes a node, as a cloud does with a lost machine, and waits for the end of its pods."""
        self.release.cluster.kubectl("delete", "node", node)
        of_node = f"--field-selector=spec.nodeName={node}"
        self.release.cluster.wait(
            lambda: not self.release.get("pods", MANAGED, of_node).get("items"),
            "the pods of the node to end",
            MOVE_SECONDS,
        )

    def rollbacks(self) -> list[Any]:
        """The rollbacks in the status and in Events."""
        variants = self.release.get("ocrb", "ocr")["status"]["variants"]
        events = self.release.get("events", "--field-selector=reason=RolledBack").get("items", [])
        return [each["rolledBack"] for each in variants if "rolledBack" in each] + events


@pytest.fixture
def site(release: Release, operator: Operator, kubelets: Kubelets) -> Iterator[Site]:
    storage = {"size": "1Gi", "storageClassName": STORAGE_CLASS}
    site = Site(release, kubelets, {"models": {"source": "Hub", "storage": storage}})
    yield site
    print("\n" + "\n".join(site.rows))


def test_rollouts_keep_to_the_node_of_the_volume(site: Site) -> None:
    first = site.change("installed", site.apply(variants=[CHINESE, LATIN]))
    for name, spec in ROLLOUTS.items():
        assert site.change(name, site.apply(**spec)) == first
        assert site.least_ready() >= 1, name
    assert site.rollbacks() == []


def test_pods_follow_their_volume_to_another_node(site: Site) -> None:
    """From a drained node with two pods of a variant, and from a deleted node."""
    cluster = site.release.cluster
    first = site.change("installed", site.apply(variants=[CHINESE | {"replicas": 2}, LATIN]))
    options = ("--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s", f"--pod-{MANAGED[2:]}")
    try:
        second = site.change(
            "drained", lambda: cluster.kubectl("drain", first, *options, seconds=90), MOVE_SECONDS
        )
    finally:
        cluster.kubectl("uncordon", first)
    assert second != first
    try:
        third = site.change("node deleted", lambda: site.delete_node(second), MOVE_SECONDS)
    finally:
        cluster.apply(*configuration.fake_nodes(cluster.record))
    assert third != second
    assert site.rollbacks() == []


def test_a_full_node_replaces_its_pods_without_a_rollback(site: Site) -> None:
    """The node of the volume has no CPU for one more pod, the other nodes have."""
    large = {"resources": {"requests": {"cpu": "12"}}}
    first = site.change("installed", site.apply(variants=[CHINESE | large, LATIN | large]))
    deadline = {"progressDeadlineSeconds": 40}
    for name, spec in {"options": ROLLOUTS["options"], "image": ROLLOUTS["image"]}.items():
        assert site.change(f"{name}, no room", site.apply(rollout=deadline, **spec)) == first
    assert site.rollbacks() == []


def _on(node: str) -> Json:
    """A placement that replaces the operator's affinity."""
    term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"placement": {"affinity": {"nodeAffinity": required}}}


def test_an_affinity_that_parts_pods_from_their_volume_is_reported(site: Site) -> None:
    first = site.change("installed", site.apply(variants=[CHINESE, LATIN]))
    [other, *_] = {"kwok-0", "kwok-1", "kwok-2"} - {first}
    site.apply(variants=[CHINESE, LATIN | _on(other)])()
    message = site.release.wait_for("False", "MountFailed")["message"]
    assert "Volume is already used by pod(s) ocr-" in message
    assert site.kubelets.attached() == {(volume, first) for volume, _ in site.kubelets.attached()}
    assert site.change("affinity removed", site.apply(variants=[CHINESE, LATIN])) == first
