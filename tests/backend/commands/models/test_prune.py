"""`ocr-backend models prune`: what is not needed is shown, and goes when it is told to, and nothing else."""

import json
import os
from pathlib import Path

import pytest

from ocr_backend.commands import exit_codes
from ocr_backend.commands.cli import main
from ocr_backend.models import manifests
from ocr_backend.models.hub import lease_lock, model_store

KOREAN = "korean_PP-OCRv5_mobile_rec"
NEEDED = ("PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec", "PP-LCNet_x1_0_textline_ori")


def put(root: Path, name: str, has_manifest: bool = True) -> Path:
    folder = model_store.published(root, name, "onnx")
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
def pruned(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs the action for the settings of mobile Chinese; gives the paths that it tells of."""

    def told(*arguments: str) -> set[Path]:
        monkeypatch.setenv("MODEL_DIR", str(root))
        monkeypatch.setenv("PADDLEOCR_MODEL_TYPE", "mobile")
        with pytest.raises(SystemExit) as ended:
            main(["models", "prune", "--json", *arguments])
        assert ended.value.code == exit_codes.GOOD_STATUS
        return {Path(json.loads(line)["path"]) for line in capsys.readouterr().out.splitlines()}

    return told


def test_it_only_shows_until_it_is_told_to_remove(pruned, root: Path) -> None:
    korean = model_store.published(root, KOREAN, "onnx")
    assert pruned() == {korean}
    assert korean.is_dir()
    assert pruned("--yes") == {korean}
    assert not korean.exists()
    assert {path.name.removesuffix("_onnx") for path in (root / "official_models").iterdir()} == set(NEEDED)
    assert pruned() == set()
    assert list((root / ".untrusted").iterdir()) == []


def test_what_the_arguments_name_is_kept_too(pruned) -> None:
    assert pruned("--language", "ch", "--language", "korean") == set()


def test_a_folder_that_no_fetch_brought_stays(pruned, root: Path) -> None:
    mine = put(root, "mine", has_manifest=False)
    assert mine not in pruned("--yes")
    assert mine.is_dir()


def test_what_was_left_and_put_aside_goes_and_what_is_being_fetched_stays(pruned, root: Path) -> None:
    left = model_store.staging(root, "a", "onnx")
    busy = model_store.staging(root, KOREAN, "onnx")
    aside = root / ".untrusted" / "b"
    for folder in (left, busy, aside):
        folder.mkdir(parents=True)
    with lease_lock.claimed(busy):
        assert pruned("--yes") == {left, aside}
    assert model_store.published(root, KOREAN, "onnx").is_dir()
    assert [path for path in (left, busy, aside) if path.exists()] == [busy]


def test_the_text_says_how_much_and_how(root: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("MODEL_DIR", str(root))
    monkeypatch.setenv("PADDLEOCR_MODEL_TYPE", "mobile")
    with pytest.raises(SystemExit):
        main(["models", "prune"])
    size = sum(file.stat().st_size for file in model_store.published(root, KOREAN, "onnx").iterdir())
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("unneeded  ")
    assert first.endswith(f"{KOREAN}_onnx  {size} bytes  a model that is not needed")
    assert last == f"{size} bytes are not needed; --yes removes it"


def test_a_choice_of_nothing_does_not_empty_the_folder(root: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("MODEL_DIR", str(root))
    with pytest.raises(SystemExit) as ended:
        main(["models", "prune", "--yes", "--ocr-version", "PP-OCRv4", "--language", "korean"])
    assert ended.value.code == exit_codes.SETTINGS_STATUS
    assert "all would go" in capsys.readouterr().err
    assert len(os.listdir(root / "official_models")) == 4
