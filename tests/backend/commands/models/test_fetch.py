"""`ocr-backend models fetch`, from a stand-in hub: what is needed arrives once, with its digest told."""

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
def fetching(hub, tmp_path):
    """Starts the action with MODEL_DIR below the test's folder."""

    def started(*arguments, **variables):
        given = {
            "PADDLEOCR_VERSION": "PP-OCRv6",
            "PADDLEOCR_MODEL_TYPE": "mobile",
            "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "false",
            "MODEL_DIR": str(tmp_path / "models"),
            "OCR_MODEL_MIRROR": hub.url,
        }
        command = [sys.executable, "-m", "ocr_backend", "models", "fetch", *arguments]
        env = {**clean_environment(), **given, **variables}
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return started


@pytest.fixture
def fetch(fetching):
    """Runs it to its end."""

    def ran(*arguments, **variables):
        with fetching(*arguments, **variables) as process:
            out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return ran


def told(done):
    """Model -> whether it was fetched or there."""
    lines = re.findall(r"^(\w+) +(\S+)  onnx  sha256 [0-9a-f]{64}  /", done.stdout, re.MULTILINE)
    return {name: how for how, name in lines}


def test_what_the_settings_need_is_fetched_once(fetch, hub, tmp_path):
    first = fetch()
    assert first.returncode == 0, first.stderr
    assert told(first) == {DETECTION: "fetched", RECOGNITION: "fetched"}
    assert (tmp_path / "models/official_models" / f"{DETECTION}_onnx" / "inference.onnx").is_file()
    asked = len(hub.asked_for)
    second = fetch()
    assert told(second) == {DETECTION: "there", RECOGNITION: "there"}
    assert len(hub.asked_for) == asked


def test_several_languages_share_what_they_have_in_common(fetch):
    done = fetch("--language", "ch", "--language", "japan")
    assert done.returncode == 0, done.stderr
    assert "PP-OCRv6 ch mobile" in done.stderr
    assert "PP-OCRv6 japan mobile" in done.stderr
    assert done.stdout.count("fetched") == 2
    assert done.stdout.count("there  ") == 2


def test_one_that_cannot_be_had_does_not_keep_the_others_away(fetch):
    done = fetch("--model-type", "server", "--model-type", "mobile")
    assert done.returncode == exit_codes.NOT_FOUND_STATUS
    assert "ocr-backend models fetch: PP-OCRv6 ch server: the model PP-OCRv6_medium_det" in done.stderr
    assert set(told(done)) == {DETECTION, RECOGNITION}
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "said"),
    [
        pytest.param(
            ["--language", "korean"],
            {},
            exit_codes.SETTINGS_STATUS,
            "there are no models of PP-OCRv6 for korean",
            id="combination",
        ),
        pytest.param(
            [],
            {"OCR_MODEL_SOURCE": "builtin"},
            exit_codes.SETTINGS_STATUS,
            "fetches nothing; set it to hub",
            id="builtin",
        ),
        pytest.param(
            ["--ocr-version", "PP-OCRv4"],
            {"OCR_ENGINE": "onnxruntime"},
            exit_codes.SETTINGS_STATUS,
            "OCR_ENGINE: the hub has PP-OCRv4 in paddle form only",
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
def test_what_cannot_be_fetched_is_refused_with_the_reason(fetch, hub, arguments, variables, status, said):
    done = fetch(*arguments, **variables)
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert hub.asked_for == []


def test_offline_nothing_is_asked_and_the_report_names_the_model(fetch, hub, outside, tmp_path):
    done = fetch("--report", str(tmp_path / "report"), OCR_OFFLINE="true")
    assert done.returncode == exit_codes.MODEL_STATUS
    assert hub.asked_for == outside.asked_for == []
    said = (tmp_path / "report").read_text()
    assert f"the model {DETECTION} is not in MODEL_DIR=" in said
    assert "OCR_OFFLINE=true forbids" in said


def test_the_report_has_digests_and_bytes(fetch, hub, tmp_path):
    assert fetch("--report", str(tmp_path / "report")).returncode == 0
    report = json.loads((tmp_path / "report").read_text())
    digests = {name: manifests.of_folder(fetched_folder(tmp_path, name)).digest for name in NAMES}
    assert report["models"] == {
        "det": f"{DETECTION}@sha256:{digests[DETECTION]}",
        "rec": f"{RECOGNITION}@sha256:{digests[RECOGNITION]}",
    }
    assert report["bytes"] == sum(manifests.of_folder(fetched_folder(tmp_path, name)).size for name in NAMES)


def fetched_folder(tmp_path, name):
    return tmp_path / "models/official_models" / f"{name}_onnx"


def _some_bytes(progress):
    return progress if progress["bytes"] else None


def test_progress_is_answered_while_it_works_and_only_then(fetching, hub):
    port = free_port()
    url = f"http://127.0.0.1:{port}/progress"
    process = fetching("--status-port", str(port))
    with hub.stopping_after(1_000_000) as stopped:
        assert stopped.wait(60)  # the rest is still on its way
        told = until(lambda: _some_bytes(requests.get(url, timeout=10).json()), "no byte has come", 60)
        assert requests.get(f"{url}/more", timeout=10).status_code == 404
    process.communicate(timeout=60)
    assert process.returncode == 0
    first, second = told["models"]
    assert {**first, "bytes": 0} == {
        "name": DETECTION,
        "form": "onnx",
        "state": "Fetching",
        "bytes": 0,
        "totalBytes": sum(file.stat().st_size for file in hub.folders[f"{DETECTION}_onnx"].iterdir()),
        "digest": None,
    }
    assert (second["name"], second["state"]) == (RECOGNITION, "Waiting")
    assert told["totalBytes"] == first["totalBytes"] + second["totalBytes"]
    assert 0 < told["bytes"] == first["bytes"] <= 1_000_000
    assert 0 <= told["percent"] < 10
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
def test_why_it_failed_is_told_by_the_status_and_the_report(fetch, hub, tmp_path, spoil, status):
    spoil(hub)
    done = fetch("--report", str(tmp_path / "report"), HF_TOKEN="hf_secret", LOG_LEVEL="DEBUG")
    assert done.returncode == status
    said = (tmp_path / "report").read_text()
    assert said.startswith(f"PP-OCRv6 ch mobile: the model {DETECTION} is not in MODEL_DIR=")
    assert "OCR_MODEL_SOURCE=dir" in done.stderr
    assert "OCR_MODEL_SOURCE=dir" not in said, "what to do with variables is no use to whoever has none"
    assert "\n" not in said
    assert "hf_secret" not in said + done.stdout + done.stderr
    assert hub.authorizations == {"Bearer hf_secret"}


def test_a_wrong_setting_and_a_taken_port_are_reported_too(fetch, tmp_path):
    done = fetch("--report", str(tmp_path / "report"), OCR_OFFLINE="perhaps")
    assert (done.returncode, "OCR_OFFLINE" in (tmp_path / "report").read_text()) == (
        exit_codes.SETTINGS_STATUS,
        True,
    )
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = fetch("--report", str(tmp_path / "report"), "--status-port", port)
    assert done.returncode == exit_codes.SETTINGS_STATUS
    assert "cannot be listened on" in (tmp_path / "report").read_text()
