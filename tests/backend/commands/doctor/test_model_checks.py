"""The models as doctor sees them: their folder, whether they are whole, and whether they read."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from ocr_backend.commands.doctor import model_checks
from ocr_backend.config.settings import Settings
from ocr_backend.models import manifests

NAMES = ("PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec")


@pytest.fixture
def settings(tmp_path):
    def made(**values):
        given = {
            "model_type": "mobile",
            "use_textline_orientation": False,
            "model_dir": str(tmp_path / "models"),
        }
        return Settings(**{**given, **values})

    return made


def put(root: Path, name: str, weights: bytes = b"weights") -> Path:
    folder = root / f"{name}_onnx"
    folder.mkdir(parents=True)
    config = {"Global": {"model_name": name}, "PostProcess": {"character_dict": ["a"]}}
    (folder / "inference.yml").write_text(json.dumps(config))
    (folder / "inference.onnx").write_bytes(weights)
    return folder


def states(findings):
    return [found.state for found in findings]


def fetched(root: Path, name: str) -> None:
    """As a fetch leaves it, with a manifest."""
    folder = put(root / "official_models", name)
    files = [manifests.File(file.name, file.stat().st_size, "0" * 64) for file in folder.iterdir()]
    manifests.write(folder, manifests.Manifest(name, "onnx", "0" * 64, "a hub", "1", tuple(files)))


@pytest.mark.parametrize(("source", "come"), [("hub", fetched), ("dir", fetched), ("dir", put)])
def test_whole_models_are_good_wherever_they_come_from(settings, tmp_path, source, come):
    for name in NAMES:
        come(tmp_path / "models", name)
    chosen = settings(model_source=source)
    assert states(model_checks.folder(chosen)) == ["good"]
    assert states(model_checks.whole(chosen)) == ["good", "good"]


def test_models_without_a_manifest_have_to_be_compared_with_a_hub(settings, tmp_path, monkeypatch):
    root = tmp_path / "models"
    fetched(root, NAMES[0])
    folder = put(root, NAMES[1])
    vouched, other = model_checks.whole(settings())
    assert (vouched.state, other.state) == ("good", "warning")
    assert f"{NAMES[1]} lies in {folder} without the manifest.json" in other.said
    assert "models fetch" in other.todo
    _, refused = model_checks.whole(settings(offline=True))
    assert (refused.state, "OCR_MODEL_SOURCE=dir" in refused.todo) == ("bad", True)

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20))
    monkeypatch.setattr(os, "access", lambda _, mode: not mode & os.W_OK)
    assert states(model_checks.disk(settings())) == ["warning"]
    assert states(model_checks.folder(settings())) == ["bad"]


def test_missing_models_are_fetched_from_a_hub_and_bad_without(settings):
    assert states(model_checks.folder(settings())) == ["good"]
    assert states(model_checks.whole(settings())) == ["warning", "warning"]
    assert states(model_checks.folder(settings(model_source="dir"))) == ["bad"]
    assert states(model_checks.whole(settings(model_source="dir"))) == ["bad", "bad"]


def test_a_broken_model_is_bad_with_all_that_is_wrong(settings, tmp_path):
    fetched(tmp_path / "models", NAMES[0])
    folder = put(tmp_path / "models", NAMES[1], weights=b"")
    (folder / "inference.yml").unlink()
    good, broken = model_checks.whole(settings())
    assert (good.state, broken.state) == ("good", "bad")
    assert f"in {folder}: its inference.yml cannot be read" in broken.said
    assert f"in {folder}: inference.onnx is empty" in broken.said


def test_a_folder_that_cannot_be_made_is_bad(settings, tmp_path):
    (tmp_path / "file").touch()
    (found,) = model_checks.folder(settings(model_dir=str(tmp_path / "file" / "models")))
    assert found.state == "bad"
    assert "OCR_MODEL_SOURCE=dir" in found.todo


def test_what_a_killed_fetch_left_is_told_of(settings, tmp_path):
    (tmp_path / "models" / ".fetching" / "x").mkdir(parents=True)
    assert states(model_checks.folder(settings())) == ["warning"]


def test_room_is_looked_for_only_where_models_are_fetched(settings, tmp_path):
    assert states(model_checks.disk(settings(model_source="dir"))) == ["skipped"]
    (found,) = model_checks.disk(settings())
    assert f"MiB free at {tmp_path}" in found.said


def test_models_that_are_not_there_are_not_loaded(settings):
    assert states(model_checks.reads(settings())) == ["skipped"]


def test_weights_that_are_no_network_are_bad_when_loaded(settings, tmp_path):
    for name in NAMES:
        put(tmp_path / "models", name)
    (found,) = model_checks.reads(settings())
    assert (found.state, "inference.onnx is no network" in found.said) == ("bad", True)


@pytest.mark.model
def test_the_builtin_models_are_there_and_read():
    builtin = Settings(ocr_version="PP-OCRv6", model_type="mobile", model_source="builtin")
    assert states(model_checks.folder(builtin)) == ["skipped"]
    assert states(model_checks.whole(builtin)) == ["good"]
    (found,) = model_checks.reads(builtin)
    assert (found.state, "read the golden sample" in found.said) == ("good", True)
