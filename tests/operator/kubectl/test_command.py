"""The command's words where there is no kubectl and no sense."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ocr_backend
import ocr_operator
from ocr_operator.kubectl import command
from ocr_operator.kubectl.kubectl_program import KubectlError


def test_without_kubectl_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.main(["why", "ocr"]) == 1
    assert capsys.readouterr().err == "error: there is no kubectl on the PATH; install it\n"


def test_it_needs_no_package_but_this_one() -> None:
    folders = {str(Path(package.__file__).parents[1]) for package in (ocr_backend, ocr_operator)}
    # -S: without site-packages.
    done = subprocess.run(
        [sys.executable, "-S", "-m", "ocr_operator.kubectl.command", "--help"],
        env={**os.environ, "PYTHONPATH": ":".join(folders)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "kubectl ocr" in done.stdout


def test_what_kubectl_says_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "kubectl"
    program.write_text('#!/bin/sh\necho "asked: $*" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    flags = ["-n", "labs", "--context", "c", "--kubeconfig", "k"]
    assert command.main(["status", "ocr", *flags]) == 1
    asked = "--kubeconfig=k --context=c --namespace=labs get ocrbackends.ocrbackend.io ocr"
    assert capsys.readouterr().err.startswith(f"error: asked: {asked}")


@pytest.mark.parametrize("arguments", [[], ["why"], ["predict", "ocr"], ["nonsense"]], ids=" ".join)
def test_a_wrong_command_line_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert "usage: kubectl ocr" in capsys.readouterr().err


KNOWN = [("ch", "server"), ("ch", "mobile")]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(None, ("ch", "server")), ("ch/mobile", ("ch", "mobile")), ("ch-mobile", ("ch", "mobile"))],
)
def test_a_variant_is_named_as_in_the_status_or_as_its_service(
    wanted: str | None, found: tuple[str, str]
) -> None:
    assert command.chosen(KNOWN, wanted) == found


def test_a_variant_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(KubectlError, match="no variant en-mobile; there are: ch/server, ch/mobile"):
        command.chosen(KNOWN, "en-mobile")
