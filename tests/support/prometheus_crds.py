"""The CustomResourceDefinitions of the Prometheus operator, from its Go module; downloaded once."""

import json
import subprocess
from pathlib import Path

# The newest version that the Go proxy provided.
_MODULE = "github.com/prometheus-operator/prometheus-operator@v0.75.2"
_SUM = "h1:0oUMm/TbLojGi1b+EKO1JYKkUqqUhozIiDYYg7DIqVI="


def service_monitor_crd() -> Path:
    """The file with the CRD of ServiceMonitor."""
    return definition("servicemonitors")


def definition(plural: str) -> Path:
    """The file with the CRD of a kind of monitoring.coreos.com."""
    result = subprocess.run(["go", "mod", "download", "-json", _MODULE], capture_output=True, text=True)
    module = json.loads(result.stdout or "{}")
    if module.get("Sum") != _SUM:
        raise RuntimeError(f"{_MODULE} cannot be downloaded: {module or result.stderr}")
    folder = Path(module["Dir"]) / "example" / "prometheus-operator-crd"
    return folder / f"monitoring.coreos.com_{plural}.yaml"
