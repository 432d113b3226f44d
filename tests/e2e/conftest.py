"""The product installed on the real node, with the images of this tree."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ocr_cluster import images, loading
from ocr_cluster.cluster import Cluster

CHART = Path(__file__).parents[2] / "chart"


@pytest.fixture(scope="session")
def image_values(full_cluster: Cluster) -> list[str]:
    """Arguments for Helm that name this tree's images, which the node then has."""
    built = {image.target: image for image in images.build()}
    loading.load(full_cluster, [image.archive for image in built.values()])
    values = {
        "global.imageRegistry": images.REGISTRY,
        "operator.image.tag": built["operator"].tag,
        "backend.image.tag": built["backend-cpu"].tag,
    }
    return [word for key, value in values.items() for word in ("--set-string", f"{key}={value}")]


@pytest.fixture
def install(
    full_cluster: Cluster, restricted_namespace: str, image_values: list[str]
) -> Iterator[Callable[..., str]]:
    """`install(*arguments)`: the chart as release `ocr` in the test's namespace, with the builtin models."""

    def run(*arguments: str) -> str:
        values = ["--values", str(CHART / "values-airgap.yaml"), *image_values]
        placed = ["--namespace", restricted_namespace]
        return full_cluster.helm("install", "ocr", str(CHART), *placed, *values, *arguments)

    yield run
    full_cluster.kubectl("delete", "crd", "ocrbackends.ocrbackend.io", "--ignore-not-found")
