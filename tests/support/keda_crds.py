"""The CustomResourceDefinitions of KEDA, from its Go module."""

from pathlib import Path

from go_modules import module_folder

_MODULE = "github.com/kedacore/keda/v2@v2.21.0"
_SUM = "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps="


def scaled_object_crd() -> Path:
    """The file with the CRD of ScaledObject."""
    return folder() / "keda.sh_scaledobjects.yaml"


def folder() -> Path:
    """The folder with the files of all CRDs."""
    return module_folder(_MODULE, _SUM) / "config" / "crd" / "bases"
