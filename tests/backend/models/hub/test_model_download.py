"""Models from a hub: a stand-in serves the builtin weights; what arrives is whole, or nothing is there."""

import contextlib
import json
import multiprocessing
import os
import shutil
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.models import manifests
from ocr_backend.models.hub import file_listing, hub_client, model_download, model_store
from ocr_backend.models.hub.download_progress import Progress
from ocr_backend.models.hub.model_download import Hub
from ocr_backend.models.model_errors import ModelError, ModelMismatchError, ModelNotFoundError, VolumeError
from ocr_backend.ocr.engine_factory import open_reader

NAMES = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}


def settings(root, mirror, **values):
    given = {"ocr_version": "PP-OCRv6", "model_type": "mobile", "use_textline_orientation": False, "slots": 1}
    return Settings(**{**given, "model_dir": str(root), "model_mirror": mirror, **values})


def fetched(root, mirror, forms=("onnx",), **values):
    return model_download.fetched(
        root, NAMES, forms, Hub("huggingface", mirror, ("onnx", "paddle"), **values)
    )


def published(root):
    """Names of the folders that a reader would look into."""
    above = root / "official_models"
    return sorted(path.name for path in above.iterdir()) if above.is_dir() else []


@pytest.fixture
def root(tmp_path):
    return tmp_path / "models"


@pytest.mark.model
def test_missing_models_are_downloaded_and_read_with(root, hub, images):
    reader = open_reader(settings(root, hub.url))
    assert [line.text for line in reader.read(images["issue_170.png"])] == ["TEST"]
    reader.close()
    assert sorted(path.name for path in root.iterdir()) == [".fetching", "official_models"]
    assert model_store.places_of_staging(root) == []


@pytest.mark.model
def test_models_that_are_there_need_no_hub(root, hub, outside):
    fetched(root, hub.url)
    shutil.rmtree(root / ".fetching")
    hub.asked_for.clear()
    os.chmod(root, 0o555)
    reader = open_reader(settings(root, hub.url))
    reader.close()
    assert hub.asked_for == outside.asked_for == []
    assert [path.name for path in root.iterdir()] == ["official_models"]  # a read-only volume will do


def test_the_manifest_tells_files_digests_and_source(root, hub, official):
    model = fetched(root, hub.url)["recognition"]
    manifest = manifests.of_folder(model.folder)
    assert (manifest.name, manifest.form, manifest.digest) == (model.name, "onnx", model.digest)
    assert (manifest.source, manifest.revision) == (hub.url, "0" * 39 + "1")
    there = {file.name: file.stat().st_size for file in (official / model.folder.name).iterdir()}
    assert {file.name: file.size for file in manifest.files} == there


def test_only_what_is_missing_is_downloaded(root, hub):
    fetched(root, hub.url)
    shutil.rmtree(root / "official_models" / "PP-OCRv6_small_rec_onnx")
    hub.asked_for.clear()
    assert set(fetched(root, hub.url)) == set(NAMES)
    assert hub.downloads
    assert not any("small_det" in asked for asked in hub.asked_for)


def test_without_any_hub_the_error_says_what_to_do(root, outside):
    with pytest.raises(ModelError) as error:
        fetched(root, "http://127.0.0.1:9")
    said = str(error.value)
    assert type(error.value) is ModelError
    assert said.startswith(
        f"the model PP-OCRv6_small_det is not in MODEL_DIR={root} and cannot be downloaded from "
        "http://127.0.0.1:9 or the other hubs in onnx form: http://127.0.0.1:9/api/models/"
    )
    assert "cannot be reached: Connection refused" in said
    assert said.endswith("or put the official folders into MODEL_DIR and set OCR_MODEL_SOURCE=dir")
    assert published(root) == []


def test_a_model_that_the_hub_lacks_is_named(root, hub):
    hub.folders.clear()
    with pytest.raises(ModelNotFoundError, match="PP-OCRv6_small_det.*is not there.*look whether the mirror"):
        fetched(root, hub.url)


@pytest.mark.parametrize("fault", ["other_content", "wrong_checksum", "wrong_size"])
@pytest.mark.parametrize("file", ["inference.onnx", "inference.yml"])
def test_a_file_that_is_not_as_listed_is_never_published(root, hub, fault, file):
    getattr(hub.faults, fault).add(file)
    with pytest.raises(ModelMismatchError, match=f"{file} (does not have the checksum|has .* bytes)"):
        fetched(root, hub.url)
    assert published(root) == []
    getattr(hub.faults, fault).clear()
    assert set(fetched(root, hub.url)) == set(NAMES)


def test_a_whole_download_of_half_a_model_is_never_published(root, official, hub, tmp_path):
    half = tmp_path / "hub" / "PP-OCRv6_small_rec_onnx"
    shutil.copytree(official / half.name, half)
    (half / "inference.onnx").unlink()
    hub.put(half)
    with pytest.raises(ModelMismatchError, match="what the hub gave for PP-OCRv6_small_rec is of no use"):
        fetched(root, hub.url)
    assert published(root) == ["PP-OCRv6_small_det_onnx"]


def test_a_connection_that_breaks_off_is_gone_on_with(root, hub):
    hub.faults.breaks_off[:] = [100_000, 700_000]
    assert set(fetched(root, hub.url)) == set(NAMES)
    begun = [int(asked.removeprefix("bytes=").removesuffix("-")) for asked in hub.ranges]
    assert len(begun) == 2
    assert 0 < begun[0] < begun[1]


def test_a_silent_hub_is_given_up_in_bounded_time(root, hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.2)
    hub.faults.is_silent.set()
    with pytest.raises(ModelError, match=r"inference.onnx is silent for 0.2 s.*let this machine reach a hub"):
        fetched(root, hub.url)
    assert published(root) == []
    hub.faults.is_silent.clear()
    hub.ranges.clear()
    fetched(root, hub.url)
    assert hub.ranges, "what had arrived is kept"


def mute(faults):
    faults.is_mute.set()
    return "revision/main is silent for 0.2 s"


def drip(faults):
    faults.drips_after = 0
    return "revision/main sends less than 64 KiB in 0.6 s"


def drip_in_the_weights(faults):
    faults.drips_after = 200_000
    return "inference.onnx sends less than 64 KiB in 0.6 s"


@pytest.mark.parametrize("fault", [mute, drip, drip_in_the_weights])
def test_a_hub_that_hangs_is_given_up_in_bounded_time(root, hub, monkeypatch, fault):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.2)
    said = fault(hub.faults)
    with pytest.raises(ModelError, match=f"{said}.*let this machine reach a hub"):
        fetched(root, hub.url)
    assert published(root) == []
    tried = [int(asked.removeprefix("bytes=").removesuffix("-")) for asked in hub.ranges]
    assert all(begin >= 200_000 for begin in tried), "what had arrived is kept"
    assert len(tried) == (3 if fault is drip_in_the_weights else 0), "bytes that drip are no reason to go on"
    hub.faults.is_mute.clear()
    hub.faults.drips_after = None
    assert set(fetched(root, hub.url)) == set(NAMES)


def test_a_hub_that_drips_the_head_of_its_answer_is_given_up(root, outside, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()
        threading.Thread(target=drip_a_head, args=(listening, ended), daemon=True).start()
        with pytest.raises(ModelError, match="revision/main is silent for 0.2 s"):
            fetched(root, f"http://127.0.0.1:{listening.getsockname()[1]}")
        ended.set()


def drip_a_head(listening, ended):
    """Answers whoever asks with a line that gets longer and longer."""
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_drip, args=(connection, ended), daemon=True).start()


def _drip(connection, ended):
    with connection, contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 ")
        while not ended.wait(0.05):
            connection.sendall(b"O")


def test_a_list_that_has_no_end_is_given_up(root, hub, monkeypatch):
    monkeypatch.setattr(hub_client, "_LISTING_BYTES", 50)
    with pytest.raises(ModelError, match="revision/main answers something that is no list of files"):
        fetched(root, hub.url)


def test_a_generation_without_the_wanted_form_is_refused(root):
    with pytest.raises(ModelError, match="in paddle form only, which nothing installed here can run"):
        model_download.fetched(root, NAMES, ["onnx"], Hub("huggingface", "", ("paddle",)))


def test_a_folder_that_cannot_be_made_is_named_before_a_hub_is_asked(tmp_path, hub):
    (tmp_path / "file").write_text("")
    with pytest.raises(VolumeError, match="no models can be kept in MODEL_DIR=.*/file/models: .*Not a direc"):
        fetched(tmp_path / "file" / "models", hub.url)
    assert hub.asked_for == []


def total(official):
    return sum(file.stat().st_size for folder in official.iterdir() for file in folder.iterdir())


@pytest.fixture
def free(monkeypatch):
    """`free(count)`: so many bytes are free on every volume; a stand-in, for a small one needs a mount."""

    def make(count):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=count))

    return make


def test_what_the_volume_cannot_hold_is_refused_before_a_first_byte(root, hub, official, free):
    free(total(official) - 1)
    needed, there = -(-total(official) // 2**20), (total(official) - 1) // 2**20
    with pytest.raises(
        VolumeError, match=f": {needed} MiB are to be fetched, {there} MiB are free; make room"
    ):
        fetched(root, hub.url)
    assert hub.downloads == []
    free(total(official))
    assert set(fetched(root, hub.url)) == set(NAMES)


def test_what_a_killed_fetch_has_got_needs_no_room(root, hub, official, free):
    package = "PP-OCRv6_small_rec_onnx"
    left = model_store.staging(root, NAMES["recognition"], "onnx") / "killed"
    left.mkdir(parents=True)
    (left / "inference.onnx.part").write_bytes((official / package / "inference.onnx").read_bytes()[:100_000])
    free(total(official) - 100_001)
    with pytest.raises(VolumeError):
        fetched(root, hub.url)
    free(total(official) - 100_000)
    assert set(fetched(root, hub.url)) == set(NAMES)
    assert hub.ranges == ["bytes=100000-"]


def test_a_model_that_another_process_has_just_brought_needs_no_room(root, hub):
    listing = file_listing.listing("huggingface", "PP-OCRv6_small_rec_onnx", hub.url)
    assert model_store.lacking(root, NAMES["recognition"], "onnx", listing) == listing.size
    fetched(root, hub.url)
    assert model_store.lacking(root, NAMES["recognition"], "onnx", listing) == 0


def test_offline_no_socket_is_opened_and_the_missing_model_is_named(root, monkeypatch):
    def refused(*_, **__):
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    with pytest.raises(ModelError, match="PP-OCRv6_small_det is not in .*OCR_OFFLINE=true forbids"):
        fetched(root, "http://hub.example.com", offline=True)
    assert not root.exists()


def test_offline_what_is_there_is_used(root, hub):
    fetched(root, hub.url)
    assert set(fetched(root, "http://127.0.0.1:9", offline=True)) == set(NAMES)


def put_without_manifest(official, root):
    shutil.copytree(official, root / "official_models")
    return root / "official_models" / "PP-OCRv6_small_rec_onnx"


def test_a_folder_that_nobody_vouches_for_is_compared_with_the_hub_not_fetched_again(root, official, hub):
    put_without_manifest(official, root)
    assert set(fetched(root, hub.url)) == set(NAMES)
    assert hub.downloads == []
    assert all((root / "official_models" / name / manifests.FILE).is_file() for name in published(root))
    assert list((root / ".untrusted").iterdir()) == []


def test_a_half_copied_folder_is_mended_and_the_half_put_aside(root, official, hub):
    folder = put_without_manifest(official, root)
    whole = (folder / "inference.onnx").read_bytes()
    (folder / "inference.onnx").write_bytes(whole[:100_000])
    fetched(root, hub.url)
    assert (folder / "inference.onnx").read_bytes() == whole
    assert len(hub.downloads) == 1
    (aside,) = (root / ".untrusted").glob("*/*/inference.onnx")
    assert aside.stat().st_size == 100_000


def test_a_folder_that_nobody_vouches_for_is_no_model_without_a_hub(root, official, outside):
    put_without_manifest(official, root)
    with pytest.raises(ModelError, match=r"without a manifest.json that vouches.*MODEL_SOURCE=dir"):
        fetched(root, "http://127.0.0.1:9")


@pytest.mark.parametrize("damage", ["shorter", "changed", "no manifest's file", "manifest"])
def test_a_fetched_folder_that_has_changed_is_fetched_anew(root, hub, damage):
    folder = fetched(root, hub.url)["detection"].folder
    weights = folder / "inference.onnx"
    whole = weights.read_bytes()
    match damage:
        case "shorter":
            weights.write_bytes(whole[:-1])
        case "changed":
            weights.write_bytes(b"x" + whole[1:])
        case "no manifest's file":
            (folder / "inference.yml").unlink()
        case _:
            (folder / manifests.FILE).write_text(json.dumps({"manifest": 1}))
    assert fetched(root, hub.url)["detection"].weights.read_bytes() == whole


def test_progress_ends_at_100_with_digests(root, hub):
    progress = Progress()
    model_download.fetched(root, NAMES, ["onnx"], Hub("huggingface", hub.url, ("onnx",)), progress)
    told = progress.told()
    assert [(row["name"], row["state"]) for row in told["models"]] == [
        (name, "Published") for name in NAMES.values()
    ]
    assert all(len(row["digest"]) == 64 and row["bytes"] == row["totalBytes"] for row in told["models"])
    sizes = [file.stat().st_size for folder in hub.folders.values() for file in Path(folder).iterdir()]
    assert (told["bytes"], told["totalBytes"], told["percent"]) == (sum(sizes), sum(sizes), 100)


def _fetch_in_child(root, mirror, digests):
    digests.put(fetched(root, mirror)["detection"].digest)


def test_several_processes_download_a_model_once(root, hub):
    spawn = multiprocessing.get_context("spawn")
    digests = spawn.Queue()
    children = [spawn.Process(target=_fetch_in_child, args=(root, hub.url, digests)) for _ in range(3)]
    for child in children:
        child.start()
    got = {digests.get(timeout=120) for _ in children}
    for child in children:
        child.join(120)
        assert child.exitcode == 0
    assert len(got) == 1
    assert len(hub.downloads) == len(set(hub.downloads)) == 4, hub.downloads
