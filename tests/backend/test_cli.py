import json
import subprocess
import sys
from pathlib import Path

import pytest

from backend_process import BUILTIN
from ocr_backend.commands import exits
from ocr_backend.settings import SETTINGS

PICTURES = Path(__file__).parents[1] / "data" / "images"


def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ocr_backend", *map(str, arguments)]
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": "/tmp", **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_all_that_is_wrong_with_the_settings_is_told_once_without_a_traceback() -> None:
    done = run("serve", PADDLEOCR_LANG="koreen", THREADS="none", BASIC_AUTH_USER="only", OCR_PROT="1")
    assert done.returncode == exits.SETTINGS_STATUS
    first, *problems = done.stderr.splitlines()
    assert first == "ocr-backend cannot start, the settings are wrong:"
    assert {problem.split(":")[0].strip() for problem in problems} >= {
        "PADDLEOCR_LANG",
        "THREADS",
        "OCR_PROT",
    }
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_one_half_of_a_password_is_an_error_at_the_start() -> None:
    done = run("serve", BASIC_AUTH_USER="only")
    assert done.returncode == exits.SETTINGS_STATUS
    assert "BASIC_AUTH_PASS" in done.stderr


def test_the_command_line_overrides_the_environment() -> None:
    done = run("serve", "--port", "123456", OCR_PORT="80")
    assert done.returncode == exits.SETTINGS_STATUS
    assert "OCR_PORT: 123456 is not a whole number from 1 to 65535" in done.stderr


def test_the_settings_are_listed_with_their_defaults() -> None:
    done = run("settings")
    assert done.returncode == 0
    for row in SETTINGS:
        assert f"{row.env}=" in done.stdout
    assert "\nPADDLEOCR_LANG=ch\n" in done.stdout
    assert "\nBBOX_FROM_NAME=bbox\n" in done.stdout


def test_without_a_command_the_commands_are_told() -> None:
    done = run()
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


@pytest.mark.model
def test_files_are_read_line_by_line_and_the_bad_ones_told_of(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    done = run("read", PICTURES / "issue_170.png", broken, PICTURES / "en_rec.jpg", **BUILTIN)
    assert done.returncode == exits.FAULT_STATUS
    first, second = done.stdout.splitlines()
    assert first == "TEST"
    assert second.startswith("To facilitate the shot type analysis")
    assert f"{broken}: the file is neither a PDF nor a picture of these" in done.stderr


@pytest.mark.model
def test_files_are_read_as_json_with_places_and_scores() -> None:
    done = run("read", "--json", PICTURES / "issue_170.png", **BUILTIN)
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert (told["width"], told["height"], told["lines"][0]["text"]) == (800, 566, "TEST")
    assert len(told["lines"][0]["polygon"]) == 4


def test_models_that_are_missing_are_told_of_without_a_traceback(tmp_path: Path) -> None:
    done = run("read", PICTURES / "issue_170.png", OCR_MODEL_SOURCE="dir", MODEL_DIR=str(tmp_path))
    assert done.returncode == exits.MODEL_STATUS
    assert done.stderr.splitlines()[-1].startswith("ocr-backend read: no model PP-OCRv5_server_det")
    assert "Traceback" not in done.stderr
