"""`ocr-backend models fetch` from a stand-in hub: required models are downloaded once and reported."""

import json
import re
import socket
import subprocess
import sys

import pytest
import requests

from backend_process import clean_environment
from ocr_backend.commands import exit_codes
from ocr_backend.models import manifests
from ocr_cluster.waiting import until
from server_process import free_port

NAMES = DETECTION, RECOGNITION = "PP-OCRv6_small_det", "PP-OCRv6_small_rec"


@pytest.fixture
def start_fetch(hub, tmp_path):
    """Starts the action with MODEL_DIR in the test's folder."""

    def start(*arguments, **variables):
        defaults = {
            "PADDLEOCR_VERSION": "PP-OCRv6",
            "PADDLEOCR_MODEL_TYPE": "mobile",
            "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "false",
            "MODEL_DIR": str(tmp_path / "models"),
            "OCR_MODEL_MIRROR": hub.url,
        }
        command = [sys.executable, "-m", "ocr_backend", "models", "fetch", *arguments]
        env = {**clean_environment(), **defaults, **variables}
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start


@pytest.fixture
def fetch(start_fetch):
    """Runs the action to its end."""

    def run(*arguments, **variables):
        with start_fetch(*arguments, **variables) as process:
            out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run


def printed_states(done):
    """Model -> `fetched` or `present`."""
    lines = re.findall(r"^(\w+) +(\S+)  onnx  sha256 [0-9a-f]{64}  /", done.stdout, re.MULTILINE)
    return {name: state for state, name in lines}


def test_required_models_are_downloaded_once(fetch, hub, tmp_path):
    first = fetch()
    assert first.returncode == 0, first.stderr
    assert printed_states(first) == {DETECTION: "fetched", RECOGNITION: "fetched"}
    assert (tmp_path / "models/official_models" / f"{DETECTION}_onnx" / "inference.onnx").is_file()
    request_count = len(hub.requests)
    second = fetch()
    assert printed_states(second) == {DETECTION: "present", RECOGNITION: "present"}
    assert len(hub.requests) == request_count


def test_languages_share_common_models(fetch):
    done = fetch("--language", "ch", "--language", "japan")
    assert done.returncode == 0, done.stderr
    assert "PP-OCRv6 ch mobile" in done.stderr
    assert "PP-OCRv6 japan mobile" in done.stderr
    assert done.stdout.count("fetched") == 2
    assert done.stdout.count("present  ") == 2


def test_a_failed_download_does_not_stop_the_others(fetch):
    done = fetch("--model-type", "server", "--model-type", "mobile")
    assert done.returncode == exit_codes.NOT_FOUND_STATUS
    assert "ocr-backend models fetch: PP-OCRv6 ch server: the model PP-OCRv6_medium_det" in done.stderr
    assert set(printed_states(done)) == {DETECTION, RECOGNITION}
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "message"),
    [
        pytest.param(
            ["--language", "korean"],
            {},
            exit_codes.USAGE_STATUS,
            "PP-OCRv6 has no models for korean",
            id="combination",
        ),
        pytest.param(
            [],
            {"OCR_MODEL_SOURCE": "builtin"},
            exit_codes.USAGE_STATUS,
            "nothing is downloaded; set it to hub",
            id="builtin",
        ),
        pytest.param(
            ["--ocr-version", "PP-OCRv4"],
            {"OCR_ENGINE": "onnxruntime"},
            exit_codes.USAGE_STATUS,
            "OCR_ENGINE: the hub has PP-OCRv4 in the format paddle only",
            id="engine",
        ),
        pytest.param(
            [],
            {"OCR_MODEL_SOURCE": "dir"},
            exit_codes.MODEL_STATUS,
            "set OCR_MODEL_SOURCE=hub to download",
            id="dir",
        ),
    ],
)
def test_impossible_downloads_are_refused_with_the_reason(fetch, hub, arguments, variables, status, message):
    done = fetch(*arguments, **variables)
    assert (done.returncode, message in done.stderr) == (status, True), done.stderr
    assert hub.requests == []


def test_offline_no_hub_is_contacted_and_the_report_names_the_model(fetch, hub, outside, tmp_path):
    done = fetch("--report", str(tmp_path / "report"), OCR_OFFLINE="true")
    assert done.returncode == exit_codes.MODEL_STATUS
    assert hub.requests == outside.requests == []
    report = (tmp_path / "report").read_text()
    assert f"the model {DETECTION} is not in MODEL_DIR=" in report
    assert "OCR_OFFLINE=true forbids" in report


def test_the_report_has_digests_and_bytes(fetch, hub, tmp_path):
    assert fetch("--report", str(tmp_path / "report")).returncode == 0
    report = json.loads((tmp_path / "report").read_text())
    digests = {name: manifests.read(fetched_folder(tmp_path, name)).digest for name in NAMES}
    assert report["models"] == {
        "det": f"{DETECTION}@sha256:{digests[DETECTION]}",
        "rec": f"{RECOGNITION}@sha256:{digests[RECOGNITION]}",
    }
    assert report["bytes"] == sum(manifests.read(fetched_folder(tmp_path, name)).size for name in NAMES)


def fetched_folder(tmp_path, name):
    return tmp_path / "models/official_models" / f"{name}_onnx"


def _with_bytes(progress):
    return progress if progress["bytes"] else None


def test_progress_is_served_during_the_download_only(start_fetch, hub):
    port = free_port()
    url = f"http://127.0.0.1:{port}/progress"
    process = start_fetch("--status-port", str(port))
    with hub.stopping_after(1_000_000) as stopped:
        assert stopped.wait(60)  # the rest has not arrived
        content = until(lambda: _with_bytes(requests.get(url, timeout=10).json()), "no byte has come", 60)
        assert requests.get(f"{url}/more", timeout=10).status_code == 404
    process.communicate(timeout=60)
    assert process.returncode == 0
    first, second = content["models"]
    assert {**first, "bytes": 0} == {
        "name": DETECTION,
        "format": "onnx",
        "state": "Downloading",
        "bytes": 0,
        "totalBytes": sum(file.stat().st_size for file in hub.folders[f"{DETECTION}_onnx"].iterdir()),
        "digest": None,
    }
    assert (second["name"], second["state"]) == (RECOGNITION, "Waiting")
    assert content["totalBytes"] == first["totalBytes"] + second["totalBytes"]
    assert 0 < content["bytes"] == first["bytes"] <= 1_000_000
    assert 0 <= content["percent"] < 10
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        pytest.param(lambda hub: hub.folders.clear(), exit_codes.NOT_FOUND_STATUS, id="not found"),
        pytest.param(
            lambda hub: hub.faults.other_content.add("inference.onnx"), exit_codes.MISMATCH_STATUS, id="5"
        ),
    ],
)
def test_status_and_report_give_the_reason_of_a_failure(fetch, hub, tmp_path, spoil, status):
    spoil(hub)
    done = fetch("--report", str(tmp_path / "report"), HF_TOKEN="hf_secret", LOG_LEVEL="DEBUG")
    assert done.returncode == status
    report = (tmp_path / "report").read_text()
    assert report.startswith(f"PP-OCRv6 ch mobile: the model {DETECTION} is not in MODEL_DIR=")
    assert "OCR_MODEL_SOURCE=dir" in done.stderr
    assert "OCR_MODEL_SOURCE=dir" not in report, "users of an OCRBackend have no variables"
    assert "\n" not in report
    assert "hf_secret" not in report + done.stdout + done.stderr
    assert hub.authorizations == {"Bearer hf_secret"}


def test_an_invalid_setting_and_a_taken_port_are_reported(fetch, tmp_path):
    done = fetch("--report", str(tmp_path / "report"), OCR_OFFLINE="perhaps")
    assert (done.returncode, "OCR_OFFLINE" in (tmp_path / "report").read_text()) == (
        exit_codes.USAGE_STATUS,
        True,
    )
    with socket.create_server(("0.0.0.0", 0)) as occupied:
        port = str(occupied.getsockname()[1])
        done = fetch("--report", str(tmp_path / "report"), "--status-port", port)
    assert done.returncode == exit_codes.USAGE_STATUS
    assert "cannot listen on --status-port" in (tmp_path / "report").read_text()
