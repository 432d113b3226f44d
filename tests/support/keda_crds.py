"""Manifests of KEDA from its Go module: its CustomResourceDefinitions, and who may read its metrics."""

from pathlib import Path

from go_modules import module_folder

MODULE = "github.com/kedacore/keda/v2@v2.21.0"
_SUM = "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps="


def scaled_object_crd() -> Path:
    """The file with the CRD of ScaledObject."""
    return folder() / "keda.sh_scaledobjects.yaml"


def folder() -> Path:
    """The folder with the files of all CRDs."""
    return _config() / "crd" / "bases"


def metric_roles() -> list[Path]:
    """The files with the roles of the server of metrics, and of the autoscaler that reads from it."""
    return [_config() / "metrics-server" / f"{name}.yaml" for name in ("role", "role_binding")]


def _config() -> Path:
    return module_folder(MODULE, _SUM) / "config"
