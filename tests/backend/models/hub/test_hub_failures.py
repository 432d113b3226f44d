"""Hubs that cannot be reached, hang or send too much: given up in bounded time; received data is kept."""

import contextlib
import socket
import threading

import pytest

from ocr_backend.models.hub import hub_client
from ocr_backend.models.model_errors import ModelError

MODELS = {"detection", "recognition"}


@pytest.mark.usefixtures("outside")
def test_without_any_hub_the_error_says_what_to_do(root, download, published):
    with pytest.raises(ModelError) as error:
        download("http://127.0.0.1:9")
    message = str(error.value)
    assert type(error.value) is ModelError
    assert message.startswith(
        f"the model PP-OCRv6_small_det is not in MODEL_DIR={root} and cannot be downloaded from "
        "http://127.0.0.1:9 or the other hubs in onnx format: http://127.0.0.1:9/api/models/"
    )
    assert "cannot be reached: Connection refused" in message
    assert message.endswith("or put the official folders into MODEL_DIR and set OCR_MODEL_SOURCE=dir")
    assert published() == []


def test_a_download_resumes_after_the_connection_breaks(hub, download):
    hub.faults.breaks_off[:] = [100_000, 700_000]
    assert set(download(hub.url)) == MODELS
    first, second = range_starts(hub)
    assert 0 < first < second


def range_starts(hub):
    return [int(header.removeprefix("bytes=").removesuffix("-")) for header in hub.ranges]


@pytest.mark.usefixtures("short_timeout")
def test_a_silent_hub_is_given_up_in_bounded_time(hub, download, published):
    hub.faults.is_silent.set()
    message = r"inference.onnx sent nothing for 0.2 s.*let this machine reach a hub"
    with pytest.raises(ModelError, match=message):
        download(hub.url)
    assert published() == []
    hub.faults.is_silent.clear()
    hub.ranges.clear()
    download(hub.url)
    assert hub.ranges, "received data is kept"


def mute(faults):
    faults.is_mute.set()
    return "revision/main sent nothing for 0.2 s"


def drip(faults):
    faults.drips_after = 0
    return "revision/main sent less than 64 KiB in 0.6 s"


def drip_in_the_weights(faults):
    faults.drips_after = 200_000
    return "inference.onnx sent less than 64 KiB in 0.6 s"


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("fault", [mute, drip, drip_in_the_weights])
def test_a_hub_that_hangs_is_given_up_in_bounded_time(hub, fault, download, published):
    message = fault(hub.faults)
    with pytest.raises(ModelError, match=f"{message}.*let this machine reach a hub"):
        download(hub.url)
    assert published() == []
    starts = range_starts(hub)
    assert all(start >= 200_000 for start in starts), "received data is kept"
    assert len(starts) == (3 if fault is drip_in_the_weights else 0), "slow bytes do not count as progress"
    hub.faults.is_mute.clear()
    hub.faults.drips_after = None
    assert set(download(hub.url)) == MODELS


@pytest.mark.usefixtures("outside", "short_timeout")
def test_a_hub_that_sends_its_header_byte_by_byte_is_given_up(download):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()
        threading.Thread(target=drip_headers, args=(listener, ended), daemon=True).start()
        with pytest.raises(ModelError, match="revision/main sent nothing for 0.2 s"):
            download(f"http://127.0.0.1:{listener.getsockname()[1]}")
        ended.set()


def drip_headers(listener, ended):
    """Answers every connection with a status line that gets longer and longer."""
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=drip_header, args=(connection, ended), daemon=True).start()


def drip_header(connection, ended):
    with connection, contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 ")
        while not ended.wait(0.05):
            connection.sendall(b"O")


def test_an_endless_listing_is_given_up(hub, monkeypatch, download):
    monkeypatch.setattr(hub_client, "MAX_LISTING_BYTES", 50)
    with pytest.raises(ModelError, match="revision/main did not return a list of files"):
        download(hub.url)
