"""Downloads from a stand-in hub with the builtin weights: published models are complete and verified."""

import json
import multiprocessing
import os
import shutil
import socket
from pathlib import Path

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.models import manifests
from ocr_backend.models.hub import model_download, staging
from ocr_backend.models.hub.download_progress import Progress
from ocr_backend.models.hub.hub_candidates import HubOptions
from ocr_backend.models.model_errors import ModelError, ModelMismatchError, ModelNotFoundError
from ocr_backend.ocr.engine_factory import open_reader

NAMES = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}


@pytest.fixture
def settings(root):
    """Settings for the two small models, with a mirror."""

    def create(mirror):
        return Settings(
            ocr_version="PP-OCRv6",
            model_type="mobile",
            use_textline_orientation=False,
            slots=1,
            model_dir=str(root),
            model_mirror=mirror,
        )

    return create


@pytest.mark.model
def test_missing_models_are_downloaded_and_used(root, hub, images, settings):
    reader = open_reader(settings(hub.url))
    assert [line.text for line in reader.read(images["issue_170.png"])] == ["TEST"]
    reader.close()
    assert sorted(path.name for path in root.iterdir()) == [".fetching", "official_models"]
    assert staging.staging_folders(root) == []


@pytest.mark.model
def test_existing_models_need_no_hub(root, hub, outside, settings, download):
    download(hub.url)
    shutil.rmtree(root / ".fetching")
    hub.requests.clear()
    os.chmod(root, 0o555)
    reader = open_reader(settings(hub.url))
    reader.close()
    assert hub.requests == outside.requests == []
    assert [path.name for path in root.iterdir()] == ["official_models"]  # a read-only volume is enough


def test_the_manifest_lists_files_digests_and_source(hub, official, download):
    model = download(hub.url)["recognition"]
    manifest = manifests.read(model.folder)
    assert (manifest.name, manifest.model_format, manifest.digest) == (model.name, "onnx", model.digest)
    assert (manifest.source, manifest.revision) == (hub.url, "0" * 39 + "1")
    sizes = {file.name: file.stat().st_size for file in (official / model.folder.name).iterdir()}
    assert {file.name: file.size for file in manifest.files} == sizes


def test_only_missing_models_are_downloaded(root, hub, download):
    download(hub.url)
    shutil.rmtree(root / "official_models" / "PP-OCRv6_small_rec_onnx")
    hub.requests.clear()
    assert set(download(hub.url)) == set(NAMES)
    assert hub.downloads
    assert not any("small_det" in request for request in hub.requests)


def test_a_model_that_the_hub_does_not_have_is_named(hub, download):
    hub.folders.clear()
    message = "PP-OCRv6_small_det.*does not exist.*check whether the mirror"
    with pytest.raises(ModelNotFoundError, match=message):
        download(hub.url)


@pytest.mark.parametrize("fault", ["other_content", "wrong_checksum", "wrong_size"])
@pytest.mark.parametrize("file", ["inference.onnx", "inference.yml"])
def test_a_file_that_differs_from_the_listing_is_never_published(hub, fault, file, download, published):
    getattr(hub.faults, fault).add(file)
    with pytest.raises(ModelMismatchError, match=f"{file} (does not match the hub's checksum|has .* bytes)"):
        download(hub.url)
    assert published() == []
    getattr(hub.faults, fault).clear()
    assert set(download(hub.url)) == set(NAMES)


def test_a_complete_download_of_an_incomplete_model_is_never_published(
    official, hub, tmp_path, download, published
):
    incomplete = tmp_path / "hub" / "PP-OCRv6_small_rec_onnx"
    shutil.copytree(official / incomplete.name, incomplete)
    (incomplete / "inference.onnx").unlink()
    hub.put(incomplete)
    with pytest.raises(ModelMismatchError, match="the hub's copy of PP-OCRv6_small_rec is of no use"):
        download(hub.url)
    assert published() == ["PP-OCRv6_small_det_onnx"]


def test_an_ocr_version_without_a_supported_format_is_refused(root):
    hub = HubOptions("huggingface", "", ("paddle",))
    with pytest.raises(ModelError, match="only in paddle format, which no installed engine supports"):
        model_download.ensure_models(root, NAMES, ["onnx"], hub)


def test_offline_no_socket_is_opened_and_the_missing_model_is_named(root, monkeypatch, download):
    def refuse(*_, **__):
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(ModelError, match="PP-OCRv6_small_det is not in .*OCR_OFFLINE=true forbids"):
        download("http://hub.example.com", offline=True)
    assert not root.exists()


def test_offline_existing_models_are_used(hub, download):
    download(hub.url)
    assert set(download("http://127.0.0.1:9", offline=True)) == set(NAMES)


@pytest.mark.parametrize("damage", ["shorter", "changed", "missing file", "manifest"])
def test_a_published_folder_that_was_changed_is_downloaded_again(hub, damage, download):
    folder = download(hub.url)["detection"].folder
    weights = folder / "inference.onnx"
    content = weights.read_bytes()
    match damage:
        case "shorter":
            weights.write_bytes(content[:-1])
        case "changed":
            weights.write_bytes(b"x" + content[1:])
        case "missing file":
            (folder / "inference.yml").unlink()
        case _:
            (folder / manifests.FILE_NAME).write_text(json.dumps({"manifest": 1}))
    assert download(hub.url)["detection"].weights.read_bytes() == content


def test_progress_ends_at_100_percent_with_digests(hub, download):
    progress = Progress()
    download(hub.url, progress=progress)
    snapshot = progress.snapshot()
    assert [(row["name"], row["state"]) for row in snapshot["models"]] == [
        (name, "Published") for name in NAMES.values()
    ]
    assert all(len(row["digest"]) == 64 and row["bytes"] == row["totalBytes"] for row in snapshot["models"])
    total = sum(file.stat().st_size for folder in hub.folders.values() for file in Path(folder).iterdir())
    assert (snapshot["bytes"], snapshot["totalBytes"], snapshot["percent"]) == (total, total, 100)


def _download_in_child(root, mirror, digests):
    hub = HubOptions("huggingface", mirror, ("onnx",))
    digests.put(model_download.ensure_models(root, NAMES, ["onnx"], hub)["detection"].digest)


def test_several_processes_download_a_model_once(root, hub):
    spawn = multiprocessing.get_context("spawn")
    queue = spawn.Queue()
    children = [spawn.Process(target=_download_in_child, args=(root, hub.url, queue)) for _ in range(3)]
    for child in children:
        child.start()
    digests = {queue.get(timeout=120) for _ in children}
    for child in children:
        child.join(120)
        assert child.exitcode == 0
    assert len(digests) == 1
    assert len(hub.downloads) == len(set(hub.downloads)) == 4, hub.downloads
