"""A release with `backendsAs: Objects` on a real API server, and how an existing release becomes one."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from documents import blocks
from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError

pytestmark = pytest.mark.light

ROOT = Path(__file__).parents[2]
CHART = ROOT / "chart"
PAGE = ROOT / "docs" / "gitops.md"
DEFINITION = "crd/ocrbackends.ocrbackend.io"

Json = dict[str, Any]


@pytest.fixture
def without_definition(light_cluster: Cluster) -> Iterator[None]:
    """The cluster without the CustomResourceDefinition; the release's own is deleted afterwards."""
    existed = light_cluster.get(DEFINITION)
    light_cluster.kubectl("delete", DEFINITION, "--ignore-not-found")
    yield
    light_cluster.kubectl("delete", DEFINITION, "--ignore-not-found")
    if existed:
        definition = str(CHART / "files" / "crd-ocrbackend.yaml")
        light_cluster.kubectl("apply", "--server-side", "--filename", definition)
        light_cluster.kubectl("wait", "--for=condition=Established", DEFINITION)


def created_by_an_operator(cluster: Cluster, namespace: str) -> Json:
    """The default backend as an operator creates it: owned by the ConfigMap of the release."""
    config_map = cluster.get("configmap/ocr-backends", f"--namespace={namespace}")["metadata"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "ocr-backends", "uid": config_map["uid"]}
    variants = [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}]
    body = {"apiVersion": "ocrbackend.io/v1alpha1", "kind": "OCRBackend", "spec": {"variants": variants}}
    metadata = {"name": "ocr", "namespace": namespace, "ownerReferences": [owner]}
    cluster.apply(body | {"metadata": metadata})
    return cluster.get("ocrb/ocr", f"--namespace={namespace}")


def test_an_install_as_objects_without_the_definition_fails_with_the_next_action(
    light_cluster: Cluster, namespace: str, without_definition: None
) -> None:
    with pytest.raises(ClusterError, match="backendsAs: Objects requires the CustomResourceDefinition"):
        light_cluster.helm(
            "install", "ocr", str(CHART), f"--namespace={namespace}", "--set", "backendsAs=Objects"
        )


def test_the_commands_of_the_page_keep_the_backends(
    light_cluster: Cluster, namespace: str, without_definition: None
) -> None:
    light_cluster.helm("install", "ocr", str(CHART), f"--namespace={namespace}")
    light_cluster.kubectl("wait", "--for=condition=Established", DEFINITION)
    before = created_by_an_operator(light_cluster, namespace)
    [commands] = [block.text for block in blocks(PAGE) if block.language == "bash"]
    environment = {
        "PATH": f"{light_cluster.folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(light_cluster.folder / "home"),
        "KUBECONFIG": str(light_cluster.kubeconfig),
    }
    commands = commands.replace("--namespace labeling", f"--namespace {namespace}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    after = light_cluster.get("ocrb/ocr", f"--namespace={namespace}")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert "meta.helm.sh/release-name" in after["metadata"]["annotations"], json.dumps(after["metadata"])
    light_cluster.helm("uninstall", "ocr", f"--namespace={namespace}", "--wait")
    assert not light_cluster.get("ocrb/ocr", f"--namespace={namespace}")
