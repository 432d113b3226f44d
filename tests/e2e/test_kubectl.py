"""The commands of `kubectl ocr` as docs/clusters.md shows them, run on the real node."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from documents import script
from ocr_cluster.cluster import Cluster

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]


def test_the_commands_of_the_plugin_work_as_documented(
    full_cluster: Cluster, restricted_namespace: str, install: Callable[..., str]
) -> None:
    install("--wait")
    full_cluster.kubectl(
        "wait",
        "--for=condition=Ready",
        "ocrbackend/ocr",
        "--timeout=240s",
        f"--namespace={restricted_namespace}",
        seconds=250,
    )
    tools = [str(full_cluster.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {
        "PATH": ":".join(tools),
        "HOME": str(full_cluster.folder / "home"),
        "KUBECONFIG": str(full_cluster.kubeconfig),
    }
    commands = script(ROOT / "docs" / "clusters.md", "plugin").replace("labeling", restricted_namespace)
    try:
        completed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    finally:
        (ROOT / "ocr-bundle.tar.gz").unlink(missing_ok=True)
    assert completed.returncode == 0, f"{completed.stdout}{completed.stderr}"
    assert "Available: 1 of 1 variants are ready" in completed.stdout
    assert "Kenapa Harus Punya IMB?" in completed.stdout.splitlines()
    assert "ocr-bundle.tar.gz: " in completed.stdout
