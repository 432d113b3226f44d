"""Fetches that are killed, that race, on volumes that are full or lie: what is published is whole, always."""

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

import dying_fetch
from ocr_backend.models import manifests
from ocr_backend.models.hub import lease_lock, model_store
from ocr_backend.models.hub.model_download import Hub, fetched

NAMES = dying_fetch.NAMES
PACKAGES = [f"{name}_onnx" for name in NAMES.values()]
SEED = 20261125
BLOCK = 65536  # bytes


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    """Stand-ins for the official folders: right files, meaningless weights, which nothing here loads."""
    root = tmp_path_factory.mktemp("official")
    bytes_of = random.Random(SEED).randbytes
    for name, size in zip(NAMES.values(), (1_000_000, 3_000_000), strict=True):
        folder = root / f"{name}_onnx"
        folder.mkdir()
        config = {"Global": {"model_name": name}, "PostProcess": {"character_dict": ["a"]}}
        (folder / "inference.yml").write_text(json.dumps(config))
        (folder / "inference.onnx").write_bytes(bytes_of(size))
    return root


@pytest.fixture(scope="module")
def processes():
    """Makes processes that have imported what they need, and none of this one's threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(dying_fetch.__file__).parent))
        yield _preloading()


def _preloading():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["dying_fetch", "huggingface_hub.constants", "huggingface_hub.utils._headers"]
    )
    context.Process(target=int).start()  # the server begins with the first one
    return context


@pytest.fixture
def start(processes, hub):
    """Starts a way of fetching; gives the process and the queue on which it tells how it ended."""
    started = []

    def begun(way, root, *more):
        told = processes.Queue()
        process = processes.Process(target=way, args=(root, hub.url, told, *more))
        process.start()
        started.append(process)
        return process, told

    yield begun
    for process in started:
        process.kill()
        process.join()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "models"


def assert_nothing_half(root, official):
    """Whatever has a manifest, and so is trusted, holds the very files of the hub."""
    for folder in (root / "official_models").glob("*"):
        assert (folder / manifests.FILE).is_file(), "a name is given last"
        for file in (official / folder.name).iterdir():
            assert (folder / file.name).read_bytes() == file.read_bytes()


def assert_finished(root, official, hub):
    assert set(fetched(root, NAMES, ["onnx"], Hub("huggingface", hub.url, ("onnx",)))) == set(NAMES)
    assert sorted(path.name for path in (root / "official_models").iterdir()) == PACKAGES
    assert_nothing_half(root, official)
    assert model_store.places_of_staging(root) == []  # also what a kill after the publishing left


def arrived(root):
    """Bytes of weights on the disk."""
    total = 0
    for file in root.rglob("inference.onnx*"):
        with contextlib.suppress(FileNotFoundError):  # it gets its name meanwhile
            total += file.stat().st_size
    return total


def test_killed_while_bytes_arrive_it_goes_on_where_it_was(root, start, hub, official):
    sizes = [(official / name / "inference.onnx").stat().st_size for name in PACKAGES]
    moments = sorted(random.Random(SEED).sample(range(sum(sizes)), 5))
    sent = 0
    for moment in moments:
        had = arrived(root)
        with hub.stopping_after(moment - sent, then_cuts=True) as stopped:
            process, _ = start(dying_fetch.fetch, root)
            assert stopped.wait(60)
            while arrived(root) <= had + moment - sent - BLOCK:  # what came of one block is not kept
                assert process.is_alive()
            process.kill()
            process.join()
        sent = moment
        assert_nothing_half(root, official)
    assert_finished(root, official, hub)
    assert hub.sent < sum(sizes) + len(moments) * BLOCK, "hardly anything may come twice"


def test_killed_at_any_touch_of_the_disk_nothing_half_is_left(root, start, hub, official, tmp_path):
    process, told = start(dying_fetch.killed_at, tmp_path / "counted", 0)
    assert set(told.get(timeout=60)) == set(NAMES)
    touches = told.get(timeout=60)
    process.join()
    moments = random.Random(SEED).sample(range(1, touches + 1), 10)
    # What follows the first rename of a whole folder is where the names are given.
    for moment in (*moments, touches - 1, touches):
        shutil.rmtree(root, ignore_errors=True)
        process, _ = start(dying_fetch.killed_at, root, moment)
        process.join(60)
        assert process.exitcode == -9, moment
        assert_nothing_half(root, official)
        assert_finished(root, official, hub)


def test_nodes_whose_locks_do_not_reach_each_other_fetch_once(root, start, hub, official):
    with hub.stopping_after(200_000) as stopped:
        one = start(dying_fetch.without_locks, root, "node-1")
        assert stopped.wait(60)
        other = start(dying_fetch.without_locks, root, "node-2")
        while hub.asked_for.count(f"GET /api/models/PaddlePaddle/{PACKAGES[1]}/revision/main") < 2:
            assert other[0].is_alive()
    digests = [told.get(timeout=120) for _, told in (one, other)]
    assert digests[0] == digests[1]
    assert set(digests[0]) == set(NAMES)
    assert len(hub.downloads) == 4
    assert_finished(root, official, hub)


def test_two_that_nothing_keeps_apart_both_end_with_the_same_whole_models(root, start, hub, official):
    with hub.stopping_after(300_000) as stopped:
        both = [start(dying_fetch.without_claims, root)]
        assert stopped.wait(60)
        both.append(start(dying_fetch.without_claims, root))
        while len(hub.downloads) < 2:
            assert all(process.is_alive() for process, _ in both)
    ends = [told.get(timeout=120) for _, told in both]
    whole = [end for end in ends if isinstance(end, dict)]
    assert whole
    assert all(end in whole or end[0] == "VolumeError" for end in ends)
    assert_nothing_half(root, official)
    assert_finished(root, official, hub)


def test_a_machine_that_fell_silent_is_not_waited_for(root, hub, monkeypatch, caplog):
    monkeypatch.setattr(lease_lock, "STALE_SECONDS", 0.1)
    place = model_store.staging(root, NAMES["detection"], "onnx")
    place.parent.mkdir(parents=True)
    place.with_name(f"{place.name}.lease").write_text("another machine")
    assert model_store.is_fetching(root) is False  # there is no place yet
    assert set(fetched(root, NAMES, ["onnx"], Hub("huggingface", hub.url, ("onnx",)))) == set(NAMES)
    assert "is silent: going on in its place" in caplog.text


def test_a_full_volume_is_told_and_what_arrived_is_gone_on_with(root, start, hub, official):
    _, told = start(dying_fetch.with_room_for, root, 1_500_000)
    kind, said = told.get(timeout=60)
    assert kind == "VolumeError"
    assert said.startswith(f"no models can be kept in MODEL_DIR={root}: the volume of ")
    assert "is full" in said
    assert "make room" in said
    assert_nothing_half(root, official)
    hub.ranges.clear()
    assert_finished(root, official, hub)
    assert hub.ranges[0] == "bytes=1500000-"


def test_a_volume_that_cannot_be_written_is_told_before_anything_is_asked(start, hub):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        _, told = start(dying_fetch.as_nobody, Path(folder))
        kind, said = told.get(timeout=60)
        assert os.listdir(folder) == []
    assert (kind, "Permission denied" in said) == ("VolumeError", True)
    assert "set OCR_MODEL_SOURCE=dir" in said
    assert hub.asked_for == []


def test_a_hub_that_is_down_for_a_moment_comes_back(root, hub, official):
    hub.faults.refusals[:] = [503]
    with contextlib.suppress(IndexError):
        assert_finished(root, official, hub)
    assert hub.faults.refusals == []
