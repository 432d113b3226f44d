"""Downloads that are killed, that race, on volumes that are full: published models are always complete."""

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

import killed_downloads
import stand_in_models
from ocr_backend.models import manifests
from ocr_backend.models.hub import pruning, staging
from ocr_backend.models.hub.hub_candidates import HubOptions
from ocr_backend.models.hub.model_download import ensure_models

NAMES = killed_downloads.NAMES
PACKAGES = [f"{name}_onnx" for name in NAMES.values()]
SEED = 20261125
BLOCK = 65536  # bytes


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    """Stand-ins for the official folders: valid files with meaningless weights, which nothing here loads."""
    root = tmp_path_factory.mktemp("official")
    random_bytes = random.Random(SEED).randbytes
    for name, size in zip(NAMES.values(), (1_000_000, 3_000_000), strict=True):
        folder = root / f"{name}_onnx"
        folder.mkdir()
        config = {
            "Global": {"model_name": name},
            "PostProcess": {"character_dict": stand_in_models.characters(name)},
        }
        (folder / "inference.yml").write_text(json.dumps(config))
        (folder / "inference.onnx").write_bytes(random_bytes(size))
    return root


@pytest.fixture(scope="module")
def processes():
    """Creates processes that have imported what they need, and have none of this process's threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(killed_downloads.__file__).parent))
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(
            ["killed_downloads", "huggingface_hub.constants", "huggingface_hub.utils._headers"]
        )
        context.Process(target=int).start()  # the server starts with the first process
        yield context


@pytest.fixture
def start(processes, hub):
    """Starts a download; returns the process and the queue for its result."""
    started = []

    def start_process(function, root, *arguments):
        results = processes.Queue()
        process = processes.Process(target=function, args=(root, hub.url, results, *arguments))
        process.start()
        started.append(process)
        return process, results

    yield start_process
    for process in started:
        process.kill()
        process.join()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "models"


def assert_only_complete_models(root, official):
    """Every published folder has a manifest and the very files of the hub."""
    for folder in (root / "official_models").glob("*"):
        assert (folder / manifests.FILE_NAME).is_file(), "folders are renamed last"
        for file in (official / folder.name).iterdir():
            assert (folder / file.name).read_bytes() == file.read_bytes()


def assert_completed(root, official, hub):
    assert set(ensure_models(root, NAMES, ["onnx"], HubOptions("huggingface", hub.url, ("onnx",)))) == set(
        NAMES
    )
    assert sorted(path.name for path in (root / "official_models").iterdir()) == PACKAGES
    assert_only_complete_models(root, official)
    assert staging.staging_folders(root) == []  # also what a process that was killed after publishing left


def received(root):
    """Bytes of weights on the disk."""
    total = 0
    for file in root.rglob("inference.onnx*"):
        with contextlib.suppress(FileNotFoundError):  # it is renamed meanwhile
            total += file.stat().st_size
    return total


def test_a_killed_download_resumes_where_it_stopped(root, start, hub, official):
    sizes = [(official / name / "inference.onnx").stat().st_size for name in PACKAGES]
    moments = sorted(random.Random(SEED).sample(range(sum(sizes)), 5))
    sent = 0
    for moment in moments:
        before = received(root)
        with hub.stopping_after(moment - sent, then_cuts=True) as stopped:
            process, _ = start(killed_downloads.download, root)
            assert stopped.wait(60)
            while received(root) <= before + moment - sent - BLOCK:  # an incomplete block is lost
                assert process.is_alive()
            process.kill()
            process.join()
        sent = moment
        assert_only_complete_models(root, official)
    assert_completed(root, official, hub)
    assert hub.sent < sum(sizes) + len(moments) * BLOCK, "hardly anything is sent twice"


def test_a_download_killed_at_any_disk_access_publishes_nothing_incomplete(
    root, start, hub, official, tmp_path
):
    process, results = start(killed_downloads.killed_at, tmp_path / "counted", 0)
    assert set(results.get(timeout=60)) == set(NAMES)
    accesses = results.get(timeout=60)
    process.join()
    moments = random.Random(SEED).sample(range(1, accesses + 1), 10)
    # The last accesses are those that publish the models.
    for moment in (*moments, accesses - 1, accesses):
        shutil.rmtree(root, ignore_errors=True)
        process, _ = start(killed_downloads.killed_at, root, moment)
        process.join(60)
        assert process.exitcode == -9, moment
        assert_only_complete_models(root, official)
        assert_completed(root, official, hub)


def test_nodes_that_share_no_locks_download_the_same_models_without_disturbing_each_other(
    root, start, hub, official
):
    with hub.stopping_after(200_000) as stopped:
        first = start(killed_downloads.on_node, root, "node-1")
        assert stopped.wait(60)
        second = start(killed_downloads.on_node, root, "node-2")
        while len(process_folders(root, PACKAGES[0])) < 2:
            assert second[0].is_alive()
        assert pruning.find_unneeded(root, NAMES.values()) == [], "both are still running"
    digests = [results.get(timeout=120) for _, results in (first, second)]
    assert digests[0] == digests[1]
    assert set(digests[0]) == set(NAMES)
    assert_completed(root, official, hub)


def process_folders(root, package):
    folder = root / staging.STAGING / package
    return list(folder.iterdir()) if folder.is_dir() else []


def test_two_processes_without_any_lock_publish_only_complete_models(root, start, hub, official):
    with hub.stopping_after(300_000) as stopped:
        both = [start(killed_downloads.without_locks, root)]
        assert stopped.wait(60)
        both.append(start(killed_downloads.without_locks, root))
        while len(hub.downloads) < 2:
            assert all(process.is_alive() for process, _ in both)
    results = [queue.get(timeout=120) for _, queue in both]
    complete = [result for result in results if isinstance(result, dict)]
    assert complete
    assert all(result in complete or result[0] == "VolumeError" for result in results)
    assert_only_complete_models(root, official)
    assert_completed(root, official, hub)


def test_files_of_another_node_are_reused_once_it_has_been_silent(root, hub, official, monkeypatch):
    folder = staging.staging_folder(root, NAMES["detection"], "onnx")
    other = folder / "another-node-1"
    other.mkdir(parents=True)
    weights = (official / PACKAGES[0] / "inference.onnx").read_bytes()
    (other / "inference.onnx.part").write_bytes(weights[:400_000])
    assert staging.is_downloading(root)
    assert staging.reusable_bytes(folder) == 0
    monkeypatch.setattr(staging, "ACTIVE_SECONDS", -1)
    assert not staging.is_downloading(root)
    assert staging.reusable_bytes(folder) == 400_000
    assert_completed(root, official, hub)
    assert hub.ranges == ["bytes=400000-"]


def test_a_full_volume_is_reported_and_the_download_resumes_later(root, start, hub, official):
    _, results = start(killed_downloads.with_file_limit, root, 1_500_000)
    error_class, message = results.get(timeout=60)
    assert error_class == "VolumeError"
    assert message.startswith(f"no models can be kept in MODEL_DIR={root}: the volume of ")
    assert "is full" in message
    assert "free some space" in message
    assert_only_complete_models(root, official)
    hub.ranges.clear()
    assert_completed(root, official, hub)
    assert hub.ranges[0] == "bytes=1500000-"


def test_a_volume_that_is_not_writable_is_reported_before_a_hub_is_asked(start, hub):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        _, results = start(killed_downloads.as_nobody, Path(folder))
        error_class, message = results.get(timeout=60)
        assert os.listdir(folder) == []
    assert (error_class, "Permission denied" in message) == ("VolumeError", True)
    assert "set OCR_MODEL_SOURCE=dir" in message
    assert hub.requests == []


def test_a_transient_error_of_a_hub_is_retried(root, hub, official):
    hub.faults.refusals[:] = [503]
    with contextlib.suppress(IndexError):
        assert_completed(root, official, hub)
    assert hub.faults.refusals == []
