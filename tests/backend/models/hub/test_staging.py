"""What one download finds of others on the volume: which files it takes, which it leaves, what it needs."""

import os
import time

import pytest

from ocr_backend.models import manifests
from ocr_backend.models.hub import model_store, staging
from ocr_backend.models.hub.file_listing import Listing, RemoteFile
from ocr_backend.models.hub.model_store import ModelRef

RECOGNISER = ModelRef("recognition", "PP-OCRv6_small_rec", "onnx")
HOUR = 3600.0


@pytest.fixture
def folder(root):
    """The staging folder of a model, in which a process of another node has got a part of a file."""
    folder = staging.staging_folder(root, RECOGNISER.name, "onnx")
    (folder / "another-node-1").mkdir(parents=True)
    (folder / "another-node-1" / "inference.onnx.part").write_bytes(b"part")
    (folder / "another-node-1" / "inference.yml").write_bytes(b"whole")
    return folder


def _age(folder, seconds):
    """Nothing in the folder has been written for these seconds."""
    then = time.time() - seconds
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (then, then))


def _publish(root):
    published = model_store.published_folder(root, RECOGNISER.name, "onnx")
    published.mkdir(parents=True)
    (published / manifests.FILE_NAME).touch()


@pytest.mark.parametrize(
    ("hours", "is_published", "is_removed"),
    [(2, False, False), (23, False, False), (25, False, True), (0, True, False), (2, True, True)],
)
def test_what_a_killed_download_left_is_kept_for_a_day_unless_the_model_is_published(
    root, folder, hours, is_published, is_removed
):
    _age(folder, hours * HOUR)
    if is_published:
        _publish(root)
    assert model_store.remove_stale_staging(root) == ([folder] if is_removed else [])
    assert folder.exists() is not is_removed


def test_what_a_process_of_another_node_writes_is_left_alone(root, folder):
    _age(folder, 25 * HOUR)
    (folder / "another-node-1" / "inference.onnx.part").write_bytes(b"more")
    assert staging.is_downloading(root)
    assert model_store.remove_stale_staging(root) == []


@pytest.mark.parametrize(("minutes", "is_active"), [(5, True), (15, False)])
def test_a_process_of_another_node_counts_as_running_for_some_minutes(folder, minutes, is_active):
    _age(folder, minutes * 60)
    assert staging.is_active(folder) is is_active


def test_a_part_is_copied_since_the_process_that_seems_dead_may_write_on(folder):
    part = folder / "another-node-1" / "inference.onnx.part"
    _age(folder, HOUR)
    with part.open("ab") as held_by_another, staging.locked(folder):
        process_folder = staging.create_process_folder(folder, None)
        held_by_another.write(b" of another")
    assert (process_folder / part.name).read_bytes() == b"part"
    assert (process_folder / "inference.yml").read_bytes() == b"whole"


@pytest.mark.parametrize(("is_archive", "needed"), [(False, 1000), (True, 2000)])
def test_an_archive_needs_room_for_itself_and_for_its_files(root, is_archive, needed):
    listing = Listing(
        "bos", "", (RemoteFile("model.tar", "http://bos/model.tar", 1000),), is_archive=is_archive
    )
    assert model_store.required_bytes(root, RECOGNISER, listing) == needed


def test_the_files_are_on_the_disk_before_the_manifest_says_that_they_are(root, monkeypatch):
    """After a power cut, a manifest without its files would be a published model that is empty."""
    root.mkdir(exist_ok=True)
    (root / "inference.onnx").write_bytes(b"weights")
    synced = []
    monkeypatch.setattr(
        manifests, "sync", lambda path: synced.append((path.name, (root / manifests.FILE_NAME).exists()))
    )
    model_store.write_manifest(root, RECOGNISER, "11", Listing("hub", "main", ()))
    assert synced == [("inference.onnx", False), (manifests.FILE_NAME, True), (root.name, True)]
