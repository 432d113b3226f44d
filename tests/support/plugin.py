"""Runs `kubectl ocr` as a plugin of the cluster's kubectl."""

import os
import subprocess
import sys
from pathlib import Path

from ocr_cluster.cluster import Cluster


def kubectl_ocr(
    cluster: Cluster, *arguments: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The result of `kubectl ocr` in a folder; it finds the cluster as kubectl does."""
    tools = [str(cluster.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {
        "PATH": ":".join(tools),
        "HOME": str(cluster.folder / "home"),
        "KUBECONFIG": str(cluster.kubeconfig),
    }
    return subprocess.run(
        ["kubectl", "ocr", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        timeout=120,
        check=False,
    )
