"""The product installed on a real node, with container images built from this tree."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from download_site import DownloadSite
from installed_crds import install_crd
from loopback import serving
from ocr_backend.models import builtin_models
from ocr_cluster import images, loading
from ocr_cluster.cluster import Cluster
from prometheus_crds import definition
from stand_in_hub import StandInHub

MODELS = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}
CHART = Path(__file__).parents[2] / "chart"


@pytest.fixture(scope="session")
def image_values(full_cluster: Cluster) -> list[str]:
    """Arguments for Helm that select this tree's images, which are loaded into the node."""
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
        namespace = ["--namespace", restricted_namespace]
        return full_cluster.helm("install", "ocr", str(CHART), *namespace, *values, *arguments)

    yield run
    full_cluster.kubectl("delete", "crd", "ocrbackends.ocrbackend.io", "--ignore-not-found")


@pytest.fixture
def prometheus_crds(full_cluster: Cluster) -> Iterator[None]:
    """The CRDs of the Prometheus operator."""
    crds = [
        yaml.safe_load(definition(plural).read_text("utf-8"))
        for plural in ("servicemonitors", "podmonitors", "prometheusrules")
    ]
    for body in crds:
        install_crd(full_cluster, body)
    yield
    full_cluster.kubectl("delete", "crd", *(body["metadata"]["name"] for body in crds))


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model folders with the official names and the builtin weights."""
    root = tmp_path_factory.mktemp("official")
    with builtin_models.folders(MODELS) as models:
        for model in models.values():
            shutil.copytree(model.folder, root / model.folder.name)
    return root


@pytest.fixture
def hubs(full_cluster: Cluster, official: Path) -> Iterator[Callable[..., StandInHub]]:
    """`hubs(has_models)`: another hub that pods reach, on the machine's end of the link to the node."""
    with ExitStack() as stack:

        def start(has_models: bool = True) -> StandInHub:
            hub = stack.enter_context(serving(StandInHub(str(full_cluster.record.addresses.machine))))
            if has_models:
                hub.put_all(official)
            return hub

        yield start


@pytest.fixture
def download_site(
    full_cluster: Cluster, restricted_namespace: str, install: Callable[..., str]
) -> Iterator[DownloadSite]:
    """A namespace in which models are downloaded, with an operator."""
    install("--wait", "--set", "backends=null,defaultBackend.enabled=false")
    site = DownloadSite(full_cluster, restricted_namespace)
    yield site
    site.kubectl("delete", "ocrb", "--all", "--wait=false")
