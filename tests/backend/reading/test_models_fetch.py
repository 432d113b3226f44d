"""`ocr-backend models fetch`, from a stand-in hub: what is needed arrives once, with its digest told."""

import re
import subprocess
import sys

import pytest

from backend_process import clean_environment
from ocr_backend.commands import exits

DETECTION, RECOGNITION = "PP-OCRv6_small_det", "PP-OCRv6_small_rec"


@pytest.fixture
def fetch(hub, tmp_path):
    """Runs the action with MODEL_DIR below the test's folder."""

    def ran(*arguments, **variables):
        given = {
            "PADDLEOCR_VERSION": "PP-OCRv6",
            "PADDLEOCR_MODEL_TYPE": "mobile",
            "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "false",
            "MODEL_DIR": str(tmp_path / "models"),
            "OCR_MODEL_MIRROR": hub.url,
        }
        command = [sys.executable, "-m", "ocr_backend", "models", "fetch", *arguments]
        env = {**clean_environment(), **given, **variables}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)

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
    done = fetch("--tier", "server", "--tier", "mobile")
    assert done.returncode == exits.MODEL_STATUS
    assert "ocr-backend models fetch: PP-OCRv6 ch server: the models PP-OCRv6_medium_det" in done.stderr
    assert set(told(done)) == {DETECTION, RECOGNITION}
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "said"),
    [
        pytest.param(
            ["--language", "korean"],
            {},
            exits.SETTINGS_STATUS,
            "there are no models of PP-OCRv6 for korean",
            id="combination",
        ),
        pytest.param(
            [],
            {"OCR_MODEL_SOURCE": "builtin"},
            exits.SETTINGS_STATUS,
            "fetches nothing; set it to hub",
            id="builtin",
        ),
        pytest.param(
            ["--generation", "PP-OCRv4"],
            {"OCR_ENGINE": "onnxruntime"},
            exits.SETTINGS_STATUS,
            "OCR_ENGINE: the hub has PP-OCRv4 in paddle form only",
            id="engine",
        ),
        pytest.param(
            [],
            {"OCR_MODEL_SOURCE": "dir"},
            exits.MODEL_STATUS,
            "set OCR_MODEL_SOURCE=hub to download",
            id="dir",
        ),
    ],
)
def test_what_cannot_be_fetched_is_refused_with_the_reason(fetch, hub, arguments, variables, status, said):
    done = fetch(*arguments, **variables)
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert hub.asked_for == []
