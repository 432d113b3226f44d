"""`ocr-backend models prune`: unneeded files are listed, and deleted only with --yes."""

import json
import os
from pathlib import Path

import pytest

from ocr_backend.commands import exit_codes
from ocr_backend.commands.cli import main
from ocr_backend.models import manifests
from ocr_backend.models.hub import model_store, staging

KOREAN = "korean_PP-OCRv5_mobile_rec"
NEEDED = ("PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec", "PP-LCNet_x1_0_textline_ori")


def put(root: Path, name: str, has_manifest: bool = True) -> Path:
    folder = model_store.published_folder(root, name, "onnx")
    folder.mkdir(parents=True)
    (folder / "inference.onnx").write_bytes(b"weights")
    if has_manifest:
        _, each = manifests.digests(folder, ["inference.onnx"])
        files = (manifests.File("inference.onnx", 7, each["inference.onnx"]),)
        manifests.write(folder, manifests.Manifest(name, "onnx", "0", "a hub", "main", files))
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (*NEEDED, KOREAN):
        put(tmp_path, name)
    return tmp_path


@pytest.fixture
def prune(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs the action with the settings of mobile Chinese, and returns the listed paths."""

    def run(*arguments: str) -> set[Path]:
        monkeypatch.setenv("MODEL_DIR", str(root))
        monkeypatch.setenv("PADDLEOCR_MODEL_TYPE", "mobile")
        with pytest.raises(SystemExit) as error:
            main(["models", "prune", "--json", *arguments])
        assert error.value.code == exit_codes.OK_STATUS
        return {Path(json.loads(line)["path"]) for line in capsys.readouterr().out.splitlines()}

    return run


def test_files_are_deleted_only_with_yes(prune, root: Path) -> None:
    korean = model_store.published_folder(root, KOREAN, "onnx")
    assert prune() == {korean}
    assert korean.is_dir()
    assert prune("--yes") == {korean}
    assert not korean.exists()
    assert {path.name.removesuffix("_onnx") for path in (root / "official_models").iterdir()} == set(NEEDED)
    assert prune() == set()
    assert list((root / ".untrusted").iterdir()) == []


def test_models_selected_by_arguments_are_kept(prune) -> None:
    assert prune("--language", "ch", "--language", "korean") == set()


def test_a_folder_that_was_not_downloaded_is_kept(prune, root: Path) -> None:
    user_folder = put(root, "mine", has_manifest=False)
    assert user_folder not in prune("--yes")
    assert user_folder.is_dir()


def test_leftovers_and_quarantine_are_deleted_but_not_a_running_download(prune, root: Path) -> None:
    abandoned = staging.staging_folder(root, "a", "onnx")
    active = staging.staging_folder(root, KOREAN, "onnx")
    quarantined = root / ".untrusted" / "b"
    for folder in (abandoned, active, quarantined):
        folder.mkdir(parents=True)
    with staging.locked(active):
        assert prune("--yes") == {abandoned, quarantined}
    assert model_store.published_folder(root, KOREAN, "onnx").is_dir()
    assert [path for path in (abandoned, active, quarantined) if path.exists()] == [active]


def test_the_text_output_has_sizes_and_advice(root: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("MODEL_DIR", str(root))
    monkeypatch.setenv("PADDLEOCR_MODEL_TYPE", "mobile")
    with pytest.raises(SystemExit):
        main(["models", "prune"])
    size = sum(file.stat().st_size for file in model_store.published_folder(root, KOREAN, "onnx").iterdir())
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("unneeded  ")
    assert first.endswith(f"{KOREAN}_onnx  {size} bytes  model that is not needed")
    assert last == f"{size} bytes are not needed; --yes removes them"


def test_an_empty_selection_does_not_empty_the_folder(root: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("MODEL_DIR", str(root))
    with pytest.raises(SystemExit) as error:
        main(["models", "prune", "--yes", "--ocr-version", "PP-OCRv4", "--language", "korean"])
    assert error.value.code == exit_codes.USAGE_STATUS
    assert "all models would be deleted" in capsys.readouterr().err
    assert len(os.listdir(root / "official_models")) == 4
