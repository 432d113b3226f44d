"""Checks of the machine: packages, cores, memory and the port."""

import socket

import pytest

from ocr_backend.commands.doctor import machine_checks
from ocr_backend.config.settings import Settings
from ocr_backend.ocr import engine_factory
from ocr_backend.ocr.engine_factory import InstalledPackages
from scripted_server import Reply

GIB = 2**30


def single(findings):
    (finding,) = findings
    return finding


def test_the_engine_and_the_packages_are_reported():
    finding = single(machine_checks.check_engine(Settings()))
    assert finding.state == "good"
    assert "in onnx format; Python 3." in finding.message
    assert "paddleocr 3." in finding.message


def test_an_engine_that_is_not_installed_is_bad(monkeypatch):
    monkeypatch.setattr(engine_factory, "_installed_packages", lambda _: InstalledPackages(*[False] * 6))
    finding = single(machine_checks.check_engine(Settings()))
    assert (finding.state, finding.action) == (
        "bad",
        "no installed engine can be used with OCR_ENGINE=auto; install onnxruntime",
    )


@pytest.mark.parametrize(
    ("values", "state"),
    [({"slots": 1}, "good"), ({"slots": 1, "workers": 64}, "warning"), ({"slots": 256}, "warning")],
)
def test_more_inference_slots_than_cores_are_a_warning(values, state):
    assert single(machine_checks.check_cores(Settings(**values))).state == state


@pytest.mark.parametrize(
    ("usable", "state"),
    [
        pytest.param(GIB, "warning", id="small"),
        pytest.param(4 * GIB, "good", id="what the operator gives"),
        pytest.param(8 * GIB, "good", id="large"),
        (0, "good"),
    ],
)
def test_images_that_leave_no_memory_for_the_models_are_a_warning(usable, state):
    settings = Settings(slots=2, max_image_pixels=80_000_000)
    finding = single(machine_checks.check_memory(settings, usable))
    assert finding.state == state
    assert "GiB usable; at a time, each worker opens images of" in finding.message


@pytest.fixture
def on(web):
    """Settings with the port of a scripted server."""
    return Settings(host="127.0.0.1", port=web.server_port)


def test_a_free_port_is_good():
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        port = occupied.getsockname()[1]
    assert (
        single(machine_checks.check_port(Settings(host="127.0.0.1", port=port))).message
        == f"127.0.0.1:{port} is free"
    )


@pytest.mark.parametrize(
    ("reply", "state", "message"),
    [
        (Reply(b'{"status":"READY"}'), "good", "and is ready"),
        (Reply(b'{"status":503,"detail":"0 of 1 workers"}', 503), "warning", "0 of 1 workers"),
        (Reply(b"<html>"), "bad", "another program listens"),
        (Reply(b"[]"), "bad", "another program listens"),
        (Reply(b"{}", 404), "bad", "another program listens"),
    ],
    ids=["ready", "loading", "page", "list", "other"],
)
def test_the_program_on_the_port_is_identified(web, on, reply, state, message):
    web.on("/readyz", reply)
    finding = single(machine_checks.check_port(on))
    assert (finding.state, message in finding.message) == (state, True)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_of_another_machine_is_bad(host):
    finding = single(machine_checks.check_port(Settings(host=host, port=9)))
    assert (finding.state, "OCR_HOST" in finding.action) == ("bad", True)
