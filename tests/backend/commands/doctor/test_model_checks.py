"""Checks of the models: their folder, their files, and whether they read."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

import stand_in_models
from ocr_backend.commands.doctor import model_checks
from ocr_backend.config.settings import Settings
from ocr_backend.models import manifests

NAMES = ("PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec")


@pytest.fixture
def settings(tmp_path):
    def make(**values):
        defaults = {
            "model_type": "mobile",
            "use_textline_orientation": False,
            "model_dir": str(tmp_path / "models"),
        }
        return Settings(**{**defaults, **values})

    return make


def put(root: Path, name: str, weights: bytes = b"weights") -> Path:
    folder = root / f"{name}_onnx"
    folder.mkdir(parents=True)
    config = {
        "Global": {"model_name": name},
        "PostProcess": {"character_dict": stand_in_models.characters(name)},
    }
    (folder / "inference.yml").write_text(json.dumps(config))
    (folder / "inference.onnx").write_bytes(weights)
    return folder


def states(findings):
    return [finding.state for finding in findings]


def put_with_manifest(root: Path, name: str) -> None:
    """A model folder as a download leaves it, with a manifest."""
    folder = put(root / "official_models", name)
    files = [manifests.File(file.name, file.stat().st_size, "0" * 64) for file in folder.iterdir()]
    manifests.write(folder, manifests.Manifest(name, "onnx", "0" * 64, "a hub", "1", tuple(files)))


@pytest.mark.parametrize(
    ("source", "add_model"), [("hub", put_with_manifest), ("dir", put_with_manifest), ("dir", put)]
)
def test_complete_models_are_good_from_every_source(settings, tmp_path, source, add_model):
    for name in NAMES:
        add_model(tmp_path / "models", name)
    configured = settings(model_source=source)
    assert states(model_checks.check_folder(configured)) == ["good"]
    assert states(model_checks.check_models(configured)) == ["good", "good"]


def test_models_without_a_manifest_must_be_verified_against_a_hub(settings, tmp_path, monkeypatch):
    root = tmp_path / "models"
    put_with_manifest(root, NAMES[0])
    folder = put(root, NAMES[1])
    verified, unverified = model_checks.check_models(settings())
    assert (verified.state, unverified.state) == ("good", "warning")
    assert f"{NAMES[1]} in {folder} has no manifest.json" in unverified.message
    assert "models fetch" in unverified.action
    _, refused = model_checks.check_models(settings(offline=True))
    assert (refused.state, "OCR_MODEL_SOURCE=dir" in refused.action) == ("bad", True)

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20))
    monkeypatch.setattr(os, "access", lambda _, mode: not mode & os.W_OK)
    assert states(model_checks.check_disk(settings())) == ["warning"]
    assert states(model_checks.check_folder(settings())) == ["bad"]


def test_missing_models_are_a_warning_with_a_hub_and_bad_without(settings):
    assert states(model_checks.check_folder(settings())) == ["good"]
    assert states(model_checks.check_models(settings())) == ["warning", "warning"]
    assert states(model_checks.check_folder(settings(model_source="dir"))) == ["bad"]
    assert states(model_checks.check_models(settings(model_source="dir"))) == ["bad", "bad"]


def test_a_broken_model_is_reported_with_all_problems(settings, tmp_path):
    put_with_manifest(tmp_path / "models", NAMES[0])
    folder = put(tmp_path / "models", NAMES[1], weights=b"")
    (folder / "inference.yml").unlink()
    good, broken = model_checks.check_models(settings())
    assert (good.state, broken.state) == ("good", "bad")
    assert f"in {folder}: its inference.yml cannot be read" in broken.message
    assert f"in {folder}: inference.onnx is empty" in broken.message


def test_a_folder_that_cannot_be_created_is_bad(settings, tmp_path):
    (tmp_path / "file").touch()
    (finding,) = model_checks.check_folder(settings(model_dir=str(tmp_path / "file" / "models")))
    assert finding.state == "bad"
    assert "OCR_MODEL_SOURCE=dir" in finding.action


def test_an_interrupted_download_is_a_warning(settings, tmp_path):
    (tmp_path / "models" / ".fetching" / "x").mkdir(parents=True)
    assert states(model_checks.check_folder(settings())) == ["warning"]


def test_disk_space_is_checked_only_if_models_are_downloaded(settings, tmp_path):
    assert states(model_checks.check_disk(settings(model_source="dir"))) == ["skipped"]
    (finding,) = model_checks.check_disk(settings())
    assert f"MiB free at {tmp_path}" in finding.message


def test_missing_models_are_not_loaded(settings):
    assert states(model_checks.check_reading(settings())) == ["skipped"]


def test_invalid_weights_are_found_by_loading(settings, tmp_path):
    for name in NAMES:
        put(tmp_path / "models", name)
    (finding,) = model_checks.check_reading(settings())
    assert (finding.state, "inference.onnx is not a valid network" in finding.message) == ("bad", True)


@pytest.mark.model
def test_the_builtin_models_are_installed_and_read():
    builtin = Settings(ocr_version="PP-OCRv6", model_type="mobile", model_source="builtin")
    assert states(model_checks.check_folder(builtin)) == ["skipped"]
    assert states(model_checks.check_models(builtin)) == ["good"]
    (finding,) = model_checks.check_reading(builtin)
    assert (finding.state, "read the golden sample" in finding.message) == ("good", True)
