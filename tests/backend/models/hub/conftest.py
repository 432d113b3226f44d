from pathlib import Path

import pytest

from ocr_backend.models.hub import model_download
from ocr_backend.models.hub.hub_candidates import HubOptions

NAMES = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def download(root):
    """Ensures the two small models below `root`, with a mirror as the first hub."""

    def run(mirror, formats=("onnx",), progress=None, **options):
        hub = HubOptions("huggingface", mirror, ("onnx", "paddle"), **options)
        return model_download.ensure_models(root, NAMES, formats, hub, progress)

    return run


@pytest.fixture
def published(root):
    """Lists the folders in which a reader looks for models."""

    def names() -> list[str]:
        parent: Path = root / "official_models"
        return sorted(path.name for path in parent.iterdir()) if parent.is_dir() else []

    return names


@pytest.fixture
def short_timeout(monkeypatch):
    """Hubs may send nothing for 0.2 s, and need at least 64 KiB in 0.6 s."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.2)
