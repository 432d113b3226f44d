"""The volume of a download: free space, and folders that were not downloaded by this program."""

import shutil
from types import SimpleNamespace

import pytest

from ocr_backend.models import manifests
from ocr_backend.models.hub import file_listing, model_store, staging
from ocr_backend.models.hub.model_store import ModelRef
from ocr_backend.models.model_errors import ModelError, VolumeError

MODELS = {"detection", "recognition"}
RECOGNISER = ModelRef("recognition", "PP-OCRv6_small_rec", "onnx")


def test_a_folder_that_cannot_be_created_is_named_before_a_hub_is_asked(root, hub, download):
    root.write_text("a file")
    with pytest.raises(VolumeError, match=f"no models can be kept in MODEL_DIR={root}: .*Not a directory"):
        download(hub.url)
    assert hub.requests == []


def total_bytes(official):
    return sum(file.stat().st_size for folder in official.iterdir() for file in folder.iterdir())


@pytest.fixture
def set_free_bytes(monkeypatch):
    """Sets the free bytes of every volume; a stand-in, since a small volume needs a mount."""

    def set_bytes(count):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=count))

    return set_bytes


def test_a_volume_that_is_too_small_is_refused_before_the_first_byte(hub, official, set_free_bytes, download):
    total = total_bytes(official)
    set_free_bytes(total - 1)
    needed, free = -(-total // 2**20), (total - 1) // 2**20
    message = f": {needed} MiB are needed, {free} MiB are free; free some space"
    with pytest.raises(VolumeError, match=message):
        download(hub.url)
    assert hub.downloads == []
    set_free_bytes(total)
    assert set(download(hub.url)) == MODELS


def test_reusable_files_of_a_killed_download_need_no_space(root, hub, official, set_free_bytes, download):
    folder = staging.staging_folder(root, RECOGNISER.name, "onnx") / f"{staging.node_id()}-killed"
    folder.mkdir(parents=True)
    weights = (official / RECOGNISER.folder_name / "inference.onnx").read_bytes()
    (folder / "inference.onnx.part").write_bytes(weights[:100_000])
    set_free_bytes(total_bytes(official) - 100_001)
    with pytest.raises(VolumeError):
        download(hub.url)
    set_free_bytes(total_bytes(official) - 100_000)
    assert set(download(hub.url)) == MODELS
    assert hub.ranges == ["bytes=100000-"]


def test_a_model_that_another_process_has_published_needs_no_space(root, hub, download):
    listing = file_listing.list_files("huggingface", RECOGNISER.folder_name, hub.url)
    assert model_store.required_bytes(root, RECOGNISER, listing) == listing.size
    download(hub.url)
    assert model_store.required_bytes(root, RECOGNISER, listing) == 0


def copy_without_manifest(official, root):
    shutil.copytree(official, root / "official_models")
    return root / "official_models" / RECOGNISER.folder_name


def test_a_folder_without_a_manifest_is_compared_with_the_hub_instead_of_downloaded(
    root, official, hub, download, published
):
    copy_without_manifest(official, root)
    assert set(download(hub.url)) == MODELS
    assert hub.downloads == []
    assert all((root / "official_models" / name / manifests.FILE_NAME).is_file() for name in published())
    assert list((root / ".untrusted").iterdir()) == []


def test_an_incomplete_folder_is_replaced_and_moved_to_the_quarantine(root, official, hub, download):
    folder = copy_without_manifest(official, root)
    content = (folder / "inference.onnx").read_bytes()
    (folder / "inference.onnx").write_bytes(content[:100_000])
    download(hub.url)
    assert (folder / "inference.onnx").read_bytes() == content
    assert len(hub.downloads) == 1
    (quarantined,) = (root / ".untrusted").glob("*/*/inference.onnx")
    assert quarantined.stat().st_size == 100_000


@pytest.mark.usefixtures("outside")
def test_without_a_hub_a_folder_without_a_manifest_is_not_used(root, official, download):
    copy_without_manifest(official, root)
    with pytest.raises(ModelError, match=r"without a valid manifest.json.*MODEL_SOURCE=dir"):
        download("http://127.0.0.1:9")
