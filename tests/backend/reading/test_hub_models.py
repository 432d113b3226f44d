"""Models from a hub: PaddleX's real download, from a stand-in hub that serves the builtin weights."""

import multiprocessing
import os
import shutil

import pytest

from ocr_backend import hub_models, models
from ocr_backend.engines import open_reader
from ocr_backend.hub_models import Hub
from ocr_backend.models import ModelError
from ocr_backend.settings import Settings

NAMES = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}


def settings(root, mirror, **values):
    given = {"generation": "PP-OCRv6", "tier": "mobile", "use_textline_orientation": False, "slots": 1}
    return Settings(**{**given, "model_dir": str(root), "model_mirror": mirror, **values})


def fetched(root, mirror, forms=("onnx",)):
    return hub_models.fetched(root, NAMES, forms, Hub("huggingface", mirror, ("onnx", "paddle")))


@pytest.mark.model
def test_missing_models_are_downloaded_and_read_with(tmp_path, hub, pictures):
    reader = open_reader(settings(tmp_path / "models", hub.url))
    assert [line.text for line in reader.read(pictures["issue_170.png"])] == ["TEST"]
    reader.close()
    left = sorted(path.name for path in (tmp_path / "models").iterdir())
    assert left == [".lock", "official_models"]


@pytest.mark.model
def test_models_that_are_there_need_no_hub(tmp_path, official, hub, outside, pictures):
    shutil.copytree(official, tmp_path / "official_models")
    reader = open_reader(settings(tmp_path, hub.url))
    reader.close()
    assert hub.asked_for == outside.asked_for == []
    assert not (tmp_path / ".lock").exists()  # a read-only volume will do


def test_only_what_is_missing_is_downloaded_and_what_a_killed_process_left_is_cleared(
    tmp_path, official, hub
):
    left = tmp_path / ".fetch-abc" / "official_models" / "PP-OCRv6_small_rec_onnx"
    left.mkdir(parents=True)
    shutil.copytree(
        official / "PP-OCRv6_small_det_onnx", tmp_path / "official_models/PP-OCRv6_small_det_onnx"
    )
    assert set(fetched(tmp_path, hub.url)) == set(NAMES)
    assert not any("small_det" in asked for asked in hub.asked_for)
    assert not left.exists()


def test_without_any_hub_the_error_says_what_to_do(tmp_path, outside):
    with pytest.raises(ModelError) as error:
        fetched(tmp_path, "http://127.0.0.1:9")
    said = str(error.value)
    assert said.startswith(
        "the models PP-OCRv6_small_det, PP-OCRv6_small_rec are not in MODEL_DIR and cannot be downloaded "
        "from http://127.0.0.1:9 or the other hubs (PP-OCRv6_small_det: "
    )
    assert "No available model hosting platforms detected" in said
    assert said.endswith("or put the official folders into MODEL_DIR and set OCR_MODEL_SOURCE=dir")
    assert not list(tmp_path.glob(".fetch-*"))


def test_a_model_that_the_hub_lacks_is_named(tmp_path, hub):
    hub.folders.clear()
    with pytest.raises(
        ModelError, match="PP-OCRv6_small_det: Encounter exception|PP-OCRv6_small_det: No model source"
    ):
        fetched(tmp_path, hub.url)


def test_half_a_model_is_never_published(tmp_path, official, hub):
    half = tmp_path / "hub" / "PP-OCRv6_small_rec_onnx"
    shutil.copytree(official / half.name, half)
    (half / "inference.onnx").unlink()
    hub.put(half)
    with pytest.raises(
        ModelError, match="what the hub gave for PP-OCRv6_small_rec is of no use: .* is broken"
    ):
        fetched(tmp_path / "models", hub.url)
    assert [path.name for path in (tmp_path / "models/official_models").iterdir()] == [
        "PP-OCRv6_small_det_onnx"
    ]
    assert not list((tmp_path / "models").glob(".fetch-*"))


def test_a_generation_without_the_wanted_form_is_refused(tmp_path):
    with pytest.raises(ModelError, match="in paddle form only, which nothing installed here can run"):
        hub_models.fetched(tmp_path, NAMES, ["onnx"], Hub("huggingface", "", ("paddle",)))


def test_a_folder_that_cannot_be_made_is_named(tmp_path, outside):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ModelError, match="no models can be kept in MODEL_DIR=.*/file/models: Not a directory"
    ):
        fetched(tmp_path / "file" / "models", "")


def _fetch_in_child(root, mirror, digests):
    digests.put(fetched(root, mirror)["detection"].digest)


def test_several_processes_download_a_model_once(tmp_path, hub):
    spawn = multiprocessing.get_context("spawn")
    digests = spawn.Queue()
    children = [spawn.Process(target=_fetch_in_child, args=(tmp_path, hub.url, digests)) for _ in range(3)]
    for child in children:
        child.start()
    got = {digests.get(timeout=120) for _ in children}
    for child in children:
        child.join(120)
        assert child.exitcode == 0
    assert len(got) == 1
    downloads = [asked for asked in hub.asked_for if asked.startswith("GET /PaddlePaddle/")]
    assert len(downloads) == len(set(downloads)) == 4, downloads


def test_a_read_only_folder_with_the_models_is_enough(tmp_path, official):
    shutil.copytree(official, tmp_path / "official_models")
    os.chmod(tmp_path, 0o555)
    found = models.in_folder(tmp_path, NAMES, ["onnx"])
    assert set(found) == set(NAMES)
