"""The Prometheus operator's own CustomResourceDefinitions, out of its Go module; downloaded once."""

import json
import subprocess
from pathlib import Path

# The newest that the Go proxy was seen to hand out.
_MODULE = "github.com/prometheus-operator/prometheus-operator@v0.75.2"
_SUM = "h1:0oUMm/TbLojGi1b+EKO1JYKkUqqUhozIiDYYg7DIqVI="


def service_monitor_crd() -> Path:
    """File with the definition of ServiceMonitor."""
    return definition("servicemonitors")


def definition(plural: str) -> Path:
    """File with the definition of a kind of monitoring.coreos.com."""
    done = subprocess.run(["go", "mod", "download", "-json", _MODULE], capture_output=True, text=True)
    found = json.loads(done.stdout or "{}")
    if found.get("Sum") != _SUM:
        raise RuntimeError(f"{_MODULE} cannot be had: {found or done.stderr}")
    folder = Path(found["Dir"]) / "example" / "prometheus-operator-crd"
    return folder / f"monitoring.coreos.com_{plural}.yaml"
