"""Devices: missing ones, and one that the old pod of a rollout holds."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

GPU = "nvidia.com/gpu"
Release = Any


@pytest.fixture
def add_node(release: Release) -> Iterator[Callable[[], None]]:
    """`add_node()`: a fake node with one GPU, for pods of this test's namespace."""
    name = f"gpu-{release.namespace}"

    def add() -> None:
        amounts = {"cpu": "32", "memory": "256Gi", "pods": "110", GPU: "1"}
        metadata = {
            "name": name,
            "labels": {"pool": release.namespace},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        }
        node = {"apiVersion": "v1", "kind": "Node", "metadata": metadata}
        release.cluster.apply(node | {"status": {"capacity": amounts, "allocatable": amounts}})

    yield add
    # Pods of a deleted node would never end.
    release.kubectl("delete", "ocrb", "--all")
    release.cluster.wait(lambda: not release.get("pods").get("items"), "the pods to be deleted")
    release.cluster.kubectl("delete", "node", name, "--ignore-not-found")


def _apply(release: Release, **spec: Any) -> None:
    release.apply(
        accelerator={"resourceName": GPU}, placement={"nodeSelector": {"pool": release.namespace}}, **spec
    )


def test_a_missing_device_is_reported_until_a_node_has_it(
    release: Release, operator: Operator, add_node: Callable[[], None]
) -> None:
    # A node with the labels but without the device: otherwise the scheduler reports only the labels.
    plain = f"plain-{release.namespace}"
    amounts = {"cpu": "1", "memory": "1Gi", "pods": "110"}
    metadata = {
        "name": plain,
        "labels": {"pool": release.namespace},
        "annotations": {"kwok.x-k8s.io/node": "fake"},
    }
    node = {"apiVersion": "v1", "kind": "Node", "metadata": metadata}
    release.cluster.apply(node | {"status": {"capacity": amounts, "allocatable": amounts}})
    # The scheduler of Kubernetes 1.30 does not consider a node that becomes ready without the device.
    release.cluster.wait(
        lambda: not release.cluster.get("node", plain)["spec"].get("taints"), "the node to be ready"
    )
    try:
        _apply(release)
        ready = release.wait_for("False", "InsufficientDevice")
        assert f"Insufficient {GPU}" in ready["message"]
        [variant] = release.get("ocrb", "ocr")["status"]["variants"]
        assert variant["phase"] == "Pending"
        add_node()
        release.wait_for("True", "Available")
    finally:
        release.cluster.kubectl("delete", "node", plain)


def test_the_old_pod_frees_its_device_for_the_new_one(
    release: Release, operator: Operator, add_node: Callable[[], None]
) -> None:
    add_node()
    _apply(release)
    release.wait_for("True", "Available")
    _apply(release, options={"scoreThreshold": "0.75"})
    release.wait_for("True", "Available")
    strategy = release.get("deployment", "ocr-ch-mobile")["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 1, "maxUnavailable": 0}


def test_the_old_pod_keeps_its_device_with_surge_always(
    release: Release, operator: Operator, add_node: Callable[[], None]
) -> None:
    add_node()
    _apply(release)
    release.wait_for("True", "Available")
    _apply(release, options={"scoreThreshold": "0.75"}, rollout={"surge": "Always"})
    ready = release.wait_for("False", "InsufficientDevice")
    assert "pod ocr-ch-mobile" in ready["message"]
    [variant] = release.get("ocrb", "ocr")["status"]["variants"]
    assert variant["phase"] == "RollingOut"
    assert variant["replicas"]["ready"] == 1


def test_the_old_pod_frees_its_cpu_without_a_rollback(
    release: Release, operator: Operator, add_node: Callable[[], None]
) -> None:
    add_node()
    variant = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
    half = {"variants": [variant | {"resources": {"requests": {"cpu": "20"}}}]}
    spec = half | {
        "placement": {"nodeSelector": {"pool": release.namespace}},
        "rollout": {"progressDeadlineSeconds": 30},
    }
    release.apply(**spec)
    release.wait_for("True", "Available")
    release.apply(**spec, options={"scoreThreshold": "0.75"})
    release.wait_for("True", "Available")
    [status] = release.get("ocrb", "ocr")["status"]["variants"]
    assert "rolledBack" not in status
    assert status["revision"]["current"] == status["revision"]["target"]
