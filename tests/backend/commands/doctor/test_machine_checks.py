"""The machine: packages, cores, memory and the port."""

import socket

import pytest

from ocr_backend.commands.doctor import machine_checks
from ocr_backend.config.settings import Settings
from ocr_backend.ocr import engine_factory
from ocr_backend.ocr.engine_factory import Installed
from scripted_server import Reply

GIB = 2**30


def one(findings):
    (found,) = findings
    return found


def test_the_engine_is_named_with_the_packages():
    found = one(machine_checks.engine(Settings()))
    assert found.state == "good"
    assert "in onnx form; Python 3." in found.said
    assert "paddleocr 3." in found.said


def test_an_engine_that_is_not_installed_is_bad(monkeypatch):
    monkeypatch.setattr(engine_factory, "_installed", lambda _: Installed(*[False] * 6))
    found = one(machine_checks.engine(Settings()))
    assert (found.state, found.todo) == (
        "bad",
        "OCR_ENGINE=auto has nothing to run with here; install onnxruntime",
    )


@pytest.mark.parametrize(
    ("values", "state"),
    [({"slots": 1}, "good"), ({"slots": 1, "workers": 64}, "warning"), ({"slots": 256}, "warning")],
)
def test_more_readings_than_cores_are_warned_of(values, state):
    assert one(machine_checks.cores(Settings(**values))).state == state


@pytest.mark.parametrize(
    ("usable", "state"),
    [pytest.param(GIB, "warning", id="small"), pytest.param(8 * GIB, "good", id="large"), (0, "good")],
)
def test_images_that_leave_no_room_for_the_models_are_warned_of(usable, state):
    settings = Settings(slots=2, max_image_pixels=80_000_000)
    found = one(machine_checks.memory_left(settings, usable))
    assert found.state == state
    assert "3 decoded images of the largest allowed size take 0.7 GiB" in found.said


@pytest.fixture
def on(web):
    """Settings with the port of a scripted server."""
    return Settings(host="127.0.0.1", port=web.server_port)


def test_a_free_port_is_good():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert one(machine_checks.port(Settings(host="127.0.0.1", port=port))).said == f"127.0.0.1:{port} is free"


@pytest.mark.parametrize(
    ("reply", "state", "said"),
    [
        (Reply(b'{"status":"READY"}'), "good", "and is ready"),
        (Reply(b'{"status":503,"detail":"0 of 1 workers"}', 503), "warning", "0 of 1 workers"),
        (Reply(b"<html>"), "bad", "something else listens"),
        (Reply(b"[]"), "bad", "something else listens"),
        (Reply(b"{}", 404), "bad", "something else listens"),
    ],
    ids=["ready", "loading", "page", "list", "other"],
)
def test_who_listens_on_the_port_is_asked(web, on, reply, state, said):
    web.on("/readyz", reply)
    found = one(machine_checks.port(on))
    assert (found.state, said in found.said) == (state, True)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_of_another_machine_is_bad(host):
    found = one(machine_checks.port(Settings(host=host, port=9)))
    assert (found.state, "OCR_HOST" in found.todo) == ("bad", True)
