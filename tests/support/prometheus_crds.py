"""The CustomResourceDefinitions of the Prometheus operator, from its Go module; downloaded once."""

from pathlib import Path

from go_modules import module_folder

# The newest version that the Go proxy provided.
_MODULE = "github.com/prometheus-operator/prometheus-operator@v0.75.2"
_SUM = "h1:0oUMm/TbLojGi1b+EKO1JYKkUqqUhozIiDYYg7DIqVI="


def service_monitor_crd() -> Path:
    """The file with the CRD of ServiceMonitor."""
    return definition("servicemonitors")


def definition(plural: str) -> Path:
    """The file with the CRD of a kind of monitoring.coreos.com."""
    folder = module_folder(_MODULE, _SUM) / "example" / "prometheus-operator-crd"
    return folder / f"monitoring.coreos.com_{plural}.yaml"
