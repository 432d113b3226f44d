import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from backend_process import clean_environment
from ocr_backend.commands import exit_codes
from ocr_backend.commands.cli import COMMANDS
from ocr_backend.config.settings import SETTINGS


def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ocr_backend", *map(str, arguments)]
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": "/tmp", **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_all_problems_of_the_settings_are_reported_without_a_traceback() -> None:
    done = run("serve", PADDLEOCR_LANG="koreen", THREADS="none", BASIC_AUTH_USER="only", OCR_PROT="1")
    assert done.returncode == exit_codes.USAGE_STATUS
    first, *problems = done.stderr.splitlines()
    assert first == "ocr-backend cannot start, the settings are wrong:"
    assert {problem.split(":")[0].strip() for problem in problems} >= {
        "PADDLEOCR_LANG",
        "THREADS",
        "OCR_PROT",
    }
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_user_without_a_password_is_an_error() -> None:
    done = run("serve", BASIC_AUTH_USER="only")
    assert done.returncode == exit_codes.USAGE_STATUS
    assert "BASIC_AUTH_PASS" in done.stderr


def test_the_command_line_overrides_the_environment() -> None:
    done = run("serve", "--port", "123456", OCR_PORT="80")
    assert done.returncode == exit_codes.USAGE_STATUS
    assert "OCR_PORT: 123456 is not a whole number from 1 to 65535" in done.stderr


def test_the_settings_are_listed_with_their_defaults() -> None:
    done = run("settings")
    assert done.returncode == 0
    for setting in SETTINGS:
        assert f"{setting.env}=" in done.stdout
    assert "\nPADDLEOCR_LANG=ch\n" in done.stdout
    assert "\nBBOX_FROM_NAME=bbox\n" in done.stdout


def test_a_missing_command_is_an_error() -> None:
    done = run()
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


def test_the_help_lists_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    for name, (_, help_text) in COMMANDS.items():
        assert re.search(rf"^ +{name} +{re.escape(help_text)}$", done.stdout, re.MULTILINE), name


@pytest.mark.parametrize("command", [*COMMANDS, "models list", "models fetch", "models verify"])
def test_every_command_has_help(command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: ocr-backend {command} ")


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"ocr-backend {version('ocr-backend')}\n"


def test_a_closed_standard_output_is_no_error() -> None:
    command = [sys.executable, "-m", "ocr_backend", "models", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_onnxruntime_telemetry_is_disabled() -> None:
    command = [sys.executable, "-c", "import ocr_backend, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"]
    for variables, value in (({}, "1"), ({"ORT_DISABLE_TELEMETRY": "0"}, "0")):
        done = subprocess.run(
            command, env={**clean_environment(), **variables}, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == value


def test_characters_that_the_terminal_does_not_have_are_escaped() -> None:
    done = run("read", "\u6f22.png", PYTHONIOENCODING="latin-1")
    assert "Traceback" not in done.stderr
    assert "\\u6f22.png: No such file" in done.stderr
    code = "from ocr_backend.commands import cli; cli._accept_all_characters(); print('\u6f22 \xe9')"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert printed.stdout == b"\\u6f22 \xe9\n"
