"""The commands that change an OCRBackend, with a kubectl that records its calls."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ocr_operator.kubectl import command
from ocr_operator.kubectl.changes import request_token
from ocr_operator.kubectl.kubectl_program import KubectlError

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BACKEND = {"spec": {"variants": [{"name": "ch-mobile"}, {"name": "en-mobile"}]}}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file with the arguments of each call, one on a line."""
    path, program = tmp_path / "calls", tmp_path / "kubectl"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {path}\necho \'{json.dumps(BACKEND)}\'\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    return path


def _patch(calls: Path) -> Any:
    lines = calls.read_text("utf-8").splitlines()
    assert lines[-5:-1] == ["patch", "ocrbackends.ocrbackend.io", "ocr", "--type=merge"]
    return json.loads(lines[-1].removeprefix("--patch="))


@pytest.mark.parametrize(("verb", "is_paused"), [("pause", True), ("resume", False)])
def test_a_pause_is_a_field_of_the_spec(calls: Path, verb: str, is_paused: bool) -> None:
    assert command.main([verb, "ocr"]) == 0
    assert _patch(calls) == {"spec": {"paused": is_paused}}


@pytest.mark.parametrize("verb", ["retry", "rollback"])
def test_a_request_is_an_annotation_of_the_ocrbackend(calls: Path, verb: str) -> None:
    assert command.main([verb, "ocr", "--variant=en-mobile"]) == 0
    [(name, value)] = _patch(calls)["metadata"]["annotations"].items()
    assert name == f"ocrbackend.io/{verb}"
    assert value.startswith("en-mobile=20")


def test_a_request_for_an_unknown_variant_changes_nothing(
    calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["retry", "ocr", "--variant", "x"]) == 1
    assert capsys.readouterr().err == "error: variant x not found; existing: ch-mobile, en-mobile\n"
    assert "patch" not in calls.read_text("utf-8")


def test_a_token_is_a_time_and_may_name_a_variant() -> None:
    assert request_token(["ch"], None, NOW) == "2026-11-23T12:00:00.000Z"
    assert request_token(["ch"], "ch", NOW) == "ch=2026-11-23T12:00:00.000Z"
    with pytest.raises(KubectlError, match="variant en not found; existing: ch"):
        request_token(["ch"], "en", NOW)
