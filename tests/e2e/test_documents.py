"""The commands for a cluster in the README, run unchanged on a real node."""

import os
import subprocess
from pathlib import Path

import pytest

from documents import script
from ocr_cluster import images
from ocr_cluster.cluster import Cluster

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]


def test_the_cluster_commands_in_the_readme_work(full_cluster: Cluster, image_values: list[str]) -> None:
    tags = dict(value.partition("=")[::2] for value in image_values)
    environment = {
        "PATH": f"{full_cluster.folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(full_cluster.folder / "home"),
        "KUBECONFIG": str(full_cluster.kubeconfig),
        "IMAGE_REGISTRY": images.REGISTRY,
        "OPERATOR_TAG": tags["operator.image.tag"],
        "BACKEND_TAG": tags["backend.image.tag"],
    }
    commands = script(ROOT / "README.md", "cluster")
    try:
        completed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert completed.returncode == 0, (
            f"{completed.stdout}{completed.stderr}\n{full_cluster.diagnostics()}"
        )
        assert "http://ocr-latin-mobile.labeling.svc:9090" in completed.stdout
    finally:
        full_cluster.kubectl("delete", "namespace", "labeling", "--ignore-not-found", "--wait")
        full_cluster.kubectl("delete", "crd", "ocrbackends.ocrbackend.io", "--ignore-not-found")
