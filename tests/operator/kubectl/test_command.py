"""The command line of `kubectl ocr` and its errors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ocr_backend
import ocr_operator
from ocr_operator.kubectl import command
from ocr_operator.kubectl.kubectl_program import KubectlError


def test_a_missing_kubectl_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.main(["why", "ocr"]) == 1
    assert capsys.readouterr().err == "error: kubectl not found on the PATH; install it\n"


def test_the_plugin_needs_no_other_package() -> None:
    folders = {str(Path(package.__file__).parents[1]) for package in (ocr_backend, ocr_operator)}
    # -S: without site-packages.
    completed = subprocess.run(
        [sys.executable, "-S", "-m", "ocr_operator.kubectl.command", "--help"],
        env={**os.environ, "PYTHONPATH": ":".join(folders)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    assert "kubectl ocr" in completed.stdout


def test_an_error_of_kubectl_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "kubectl"
    program.write_text('#!/bin/sh\necho "called: $*" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    flags = ["-n", "labs", "--context", "c", "--kubeconfig", "k"]
    assert command.main(["status", "ocr", *flags]) == 1
    called = "--kubeconfig=k --context=c --namespace=labs get ocrbackends.ocrbackend.io ocr"
    assert capsys.readouterr().err.startswith(f"error: called: {called}")


@pytest.mark.parametrize("arguments", [[], ["why"], ["predict", "ocr"], ["nonsense"]], ids=" ".join)
def test_a_wrong_command_line_prints_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_error:
        command.main(arguments)
    assert exit_error.value.code == 2
    assert "usage: kubectl ocr" in capsys.readouterr().err


KEYS = ["ch-server", "ch-mobile"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [(None, "ch-server"), ("ch-mobile", "ch-mobile")],
)
def test_a_variant_is_named_as_in_the_status_or_in_its_service(
    name: str | None, expected: tuple[str, str]
) -> None:
    assert command.chosen_variant(KEYS, name) == expected


def test_an_unknown_variant_is_an_error_that_lists_the_existing_ones() -> None:
    with pytest.raises(KubectlError, match="variant en-mobile not found; existing: ch-server, ch-mobile"):
        command.chosen_variant(KEYS, "en-mobile")
