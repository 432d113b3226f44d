"""Presets of `accelerators` on a real scheduler: pods get matching nodes, and missing ones are reported."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

CHART = Path(__file__).parents[3] / "chart"
TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
TOLERATIONS = [{"key": "nvidia.com/gpu", "operator": "Exists"}]
PAIR = {"resourceName": "nvidia.com/gpu", "count": 2}
SLICE = {"resourceName": "nvidia.com/mig-1g.10gb"}
BUILTIN = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}}
VARIANT = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}

Json = dict[str, Any]
Release = Any


@pytest.fixture
def nodes(release: Release) -> Iterator[dict[str, str]]:
    """Kind of card -> name of its node: tainted fake nodes, two with two cards each and one with a slice."""
    cards = {"large": {"nvidia.com/gpu": "2"}, "small": {"nvidia.com/gpu": "2"}}
    cards["sliced"] = {"nvidia.com/mig-1g.10gb": "1"}
    names = {card: f"{card}-{release.namespace}" for card in cards}
    for card, devices in cards.items():
        amounts = {"cpu": "32", "memory": "256Gi", "pods": "110"} | devices
        labels = {"card": card, "pool": release.namespace}
        metadata = {"name": names[card], "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [TAINT]}}
        release.cluster.apply(node | {"status": {"capacity": amounts, "allocatable": amounts}})
    runtime = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "handler": "nvidia"}
    release.cluster.apply(runtime | {"metadata": {"name": release.namespace}})
    yield names
    # Pods of a deleted node would never end.
    release.kubectl("delete", "ocrb", "--all")
    release.cluster.wait(lambda: not release.managed_names("pods"), "the pods to be deleted")
    release.cluster.kubectl("delete", "node", *names.values())
    release.cluster.kubectl("delete", "runtimeclass", release.namespace)


def test_presets_choose_nodes_by_device_count_taint_label_and_runtime_class(
    release: Release,
    nodes: dict[str, str],
    start_operator: Callable[..., AbstractContextManager[Operator]],
    tmp_path: Path,
) -> None:
    pool = {"pool": release.namespace}
    large = {"nodeSelector": pool | {"card": "large"}, "runtimeClassName": release.namespace}
    presets: Json = {
        "pair": PAIR | large | {"tolerations": TOLERATIONS},
        "slice": SLICE | {"nodeSelector": pool, "tolerations": TOLERATIONS},
        "no-toleration": PAIR | {"nodeSelector": pool | {"card": "small"}},
        "unknown": PAIR | {"nodeSelector": pool, "runtimeClassName": "no-such", "tolerations": TOLERATIONS},
    }
    preset_of = {"first": "pair", "slice": "slice", "no-toleration": "no-toleration", "unknown": "unknown"}
    backends: Json = {
        name: BUILTIN | {"variants": [VARIANT | {"accelerator": {"preset": preset}}]}
        for name, preset in preset_of.items()
    }
    values = tmp_path / "values.json"
    values.write_text(json.dumps({"accelerators": presets, "backends": backends}))
    release.cluster.helm(
        "install",
        "ocr",
        str(CHART),
        "--namespace",
        release.namespace,
        "--set=crds.install=false",
        f"--values={values}",
    )
    with start_operator():
        for name in ("first", "slice"):
            release.wait_for("True", "Available", name=name)
        spec = release.get("pods", "--selector=app.kubernetes.io/instance=first")["items"][0]["spec"]
        assert (spec["nodeName"], spec["runtimeClassName"]) == (nodes["large"], release.namespace)
        assert spec["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"
        spec = release.get("pods", "--selector=app.kubernetes.io/instance=slice")["items"][0]["spec"]
        assert spec["nodeName"] == nodes["sliced"]
        assert spec["containers"][0]["resources"]["limits"]["nvidia.com/mig-1g.10gb"] == "1"

        message = release.wait_for("False", "Unschedulable", name="no-toleration")["message"]
        assert "untolerated taint" in message
        message = release.wait_for("False", "Forbidden", name="unknown")["message"]
        assert 'RuntimeClass "no-such" not found' in message

        # Both cards are in use.
        single = PAIR | {"count": 1}
        placement = {"nodeSelector": pool | {"card": "large"}, "tolerations": TOLERATIONS}
        release.apply(name="second", accelerator=single, placement=placement)
        message = release.wait_for("False", "InsufficientDevice", name="second")["message"]
        assert "Insufficient nvidia.com/gpu" in message
        release.kubectl("delete", "ocrb", "first")
        release.wait_for("True", "Available", name="second")
