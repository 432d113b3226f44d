"""Pods stay on the node of a volume that only one node can mount, unless the spec decides otherwise."""

from collections.abc import Callable
from typing import Any

import pytest

from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.manifests.volume_affinity import volume_affinity

Make = Callable[..., dict[str, Any]]
HUB = {"source": "Hub"}


def affinity(ocrbackend: Make, **spec: Any) -> dict[str, Any]:
    parsed = parse_backend(ocrbackend(**spec))
    return volume_affinity(parsed, parsed.variants[0])


def test_pods_of_a_managed_volume_stay_together(ocrbackend: Make) -> None:
    [term] = affinity(ocrbackend, models=HUB)["affinity"]["podAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"]["matchLabels"]["app.kubernetes.io/instance"] == "ocr"


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"models": HUB | {"storage": {"accessMode": "ReadWriteMany"}}}, id="a shared volume"),
        pytest.param({"models": HUB | {"storage": {"claimName": "mine"}}}, id="a claim of the user"),
        pytest.param({"models": {"source": "Builtin"}, "ocrVersion": "PP-OCRv6"}, id="no volume"),
        pytest.param({"models": HUB, "placement": {"affinity": {}}}, id="an affinity of the spec"),
    ],
)
def test_other_pods_may_run_on_any_node(ocrbackend: Make, spec: dict[str, Any]) -> None:
    assert affinity(ocrbackend, **spec) == {}
