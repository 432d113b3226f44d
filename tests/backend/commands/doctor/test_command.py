"""All checks together: a failure does not stop the next checks, and no secret is printed."""

import json
import subprocess
import sys

import pytest

from loopback import RefusingProxy, serving
from ocr_backend.commands import exit_codes
from ocr_backend.commands.doctor import checks, machine_checks
from scripted_server import Reply
from server_process import free_port

BUILTIN = {"OCR_MODEL_SOURCE": "builtin", "PADDLEOCR_VERSION": "PP-OCRv6", "PADDLEOCR_MODEL_TYPE": "mobile"}
CHECKS = ["settings", "engine", "cores", "memory", "MODEL_DIR", "models", "disk", "port", "Label Studio"]


def run(*arguments, **variables):
    env = {"PATH": "/usr/bin:/bin", "TMPDIR": "/tmp", "OCR_PORT": str(free_port()), **variables}
    command = [sys.executable, "-m", "ocr_backend", "doctor", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_the_exit_status_is_0_without_problems():
    done = run(**BUILTIN)
    assert done.returncode == exit_codes.OK_STATUS, done.stdout
    first, *lines, last = done.stdout.splitlines()
    assert first.startswith("ocr-backend ")
    assert [line[4:18].strip() for line in lines if not line.startswith(" ")] == CHECKS
    assert last.endswith("0 bad, 3 skipped")
    assert done.stdout.isascii()


def test_every_check_runs_although_others_fail():
    with serving(RefusingProxy()) as server:
        closed_url = server.url
    done = run(
        "--json",
        OCR_MODEL_SOURCE="dir",
        MODEL_DIR="/nowhere/models",
        OCR_PROT="1",
        THREADS="many",
        LABEL_STUDIO_URL=closed_url,
        LABEL_STUDIO_API_KEY="0a" * 20,
    )
    assert done.returncode == exit_codes.FAILED_STATUS
    report = json.loads(done.stdout)
    assert report["good"] is False
    bad = [finding["check"] for finding in report["findings"] if finding["state"] == "bad"]
    assert bad == ["settings", "settings", "MODEL_DIR", "models", "models", "models", "Label Studio"]
    assert {finding["check"] for finding in report["findings"]} == {*CHECKS, "token"}
    assert all(finding["action"] for finding in report["findings"] if finding["state"] in ("bad", "warning"))


def test_an_error_in_a_check_is_a_finding(monkeypatch):
    def failing(_):
        raise RuntimeError("a secret")

    monkeypatch.setattr(machine_checks, "check_cores", failing)
    findings = {
        finding.check: finding
        for finding in checks.run_checks({**BUILTIN, "OCR_PORT": str(free_port())}, None, False)
    }
    assert (findings["cores"].state, findings["cores"].message) == (
        "bad",
        "this check itself failed (RuntimeError)",
    )
    assert list(findings) == CHECKS


def test_no_secret_is_printed(web):
    web.on("/api/version/", Reply(b'{"release": "1"}'))
    web.on("/api/current-user/whoami", Reply(b'{"detail": "no"}', 401))
    done = run(
        "--project",
        "1",
        **BUILTIN,
        BASIC_AUTH_USER="somebody",
        BASIC_AUTH_PASS="secret-word",
        LABEL_STUDIO_URL=web.url.replace("http://", "http://name:secret-pass@"),
        LABEL_STUDIO_API_KEY="secret-key\u20ac",
    )
    assert done.returncode == exit_codes.FAILED_STATUS
    assert "secret" not in done.stdout + done.stderr


def test_models_are_loaded_only_on_request():
    assert " reading " not in run(**BUILTIN).stdout
    assert "read the golden sample" in run("--load", **BUILTIN).stdout


def test_a_task_without_a_project_is_refused():
    done = run("--task", "3", **BUILTIN)
    assert (done.returncode, "--task needs --project" in done.stderr) == (exit_codes.USAGE_STATUS, True)


@pytest.mark.parametrize("project", [None, checks.Sample(1)])
def test_without_label_studio_only_the_project_check_fails(project):
    findings = list(checks.run_checks({**BUILTIN, "OCR_PORT": str(free_port())}, project, False))
    assert [finding.check for finding in findings if finding.state == "bad"] == (
        [] if project is None else ["project"]
    )
