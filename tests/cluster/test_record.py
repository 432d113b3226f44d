import os
import subprocess
import sys

import pytest

from ocr_cluster import cache, record
from ocr_cluster.record import NO_PROCESS, Process, Record


@pytest.fixture(autouse=True)
def cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("OCR_CACHE_DIR", str(tmp_path))
    return tmp_path


def _new_record(name):
    new = Record(name, 4, cache.clusters() / name, light=True, node_resources=(("nvidia.com/gpu", "1"),))
    new.folder.mkdir()
    return new


def test_a_record_is_read_back_as_it_was_written():
    written = _new_record("a").saved(creator=Process.of(os.getpid()), ready=True)
    assert written.ready
    assert record.load("a") == written


def test_an_unknown_cluster_has_no_record():
    assert record.load("absent") is None


@pytest.mark.parametrize("text", ["", "{}", '{"name": "a", "slot": 1, "unknown": 1}', "[]"])
def test_an_unreadable_record_is_none(cache_folder, text):
    (cache_folder / "clusters" / "a").mkdir(parents=True)
    (cache_folder / "clusters" / "a" / "cluster.json").write_text(text)
    assert record.load("a") is None
    assert record.names() == ["a"]


def test_this_process_is_alive():
    assert Process.of(os.getpid()).is_alive()


def test_a_process_with_the_same_id_and_another_start_is_another_process():
    this = Process.of(os.getpid())
    assert not this._replace(started=this.started - 1).is_alive()


def test_an_ended_process_is_not_alive_even_before_it_is_reaped():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = Process.of(child.pid)
    assert process.is_alive()
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not process.is_alive()
    child.wait()
    assert not process.is_alive()


def test_no_process_is_never_alive():
    assert not NO_PROCESS.is_alive()
