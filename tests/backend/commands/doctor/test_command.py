"""All checks together: a failure never stops those after it, no secret is shown, and the status tells."""

import json
import subprocess
import sys

import pytest

from loopback import Outside, serving
from ocr_backend.commands import exit_codes
from ocr_backend.commands.doctor import checks, machine_checks
from scripted_server import Reply
from server_process import free_port

BUILTIN = {"OCR_MODEL_SOURCE": "builtin", "PADDLEOCR_VERSION": "PP-OCRv6", "PADDLEOCR_MODEL_TYPE": "mobile"}
CHECKS = ["settings", "engine", "cores", "memory", "MODEL_DIR", "models", "disk", "port", "Label Studio"]


def run(*arguments, **variables):
    env = {"PATH": "/usr/bin:/bin", "TMPDIR": "/tmp", "OCR_PORT": str(free_port()), **variables}
    done = [sys.executable, "-m", "ocr_backend", "doctor", *arguments]
    return subprocess.run(done, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_where_nothing_is_wrong_the_status_is_0():
    done = run(**BUILTIN)
    assert done.returncode == exit_codes.GOOD_STATUS, done.stdout
    first, *lines, last = done.stdout.splitlines()
    assert first.startswith("ocr-backend ")
    assert [line[4:18].strip() for line in lines if not line.startswith(" ")] == CHECKS
    assert last.endswith("0 bad, 3 not checked")
    assert done.stdout.isascii()


def test_every_check_is_made_though_others_fail():
    with serving(Outside()) as ended:
        nowhere = ended.url
    done = run(
        "--json",
        OCR_MODEL_SOURCE="dir",
        MODEL_DIR="/nowhere/models",
        OCR_PROT="1",
        THREADS="many",
        LABEL_STUDIO_URL=nowhere,
        LABEL_STUDIO_API_KEY="0a" * 20,
    )
    assert done.returncode == exit_codes.FAULT_STATUS
    told = json.loads(done.stdout)
    assert told["good"] is False
    bad = [finding["check"] for finding in told["findings"] if finding["state"] == "bad"]
    assert bad == ["settings", "settings", "MODEL_DIR", "models", "models", "models", "Label Studio"]
    assert {finding["check"] for finding in told["findings"]} == {*CHECKS, "token"}
    assert all(finding["todo"] for finding in told["findings"] if finding["state"] in ("bad", "warning"))


def test_a_check_that_fails_itself_is_a_finding(monkeypatch):
    def failing(_):
        raise RuntimeError("a secret")

    monkeypatch.setattr(machine_checks, "cores", failing)
    found = {
        one.check: one for one in checks.findings({**BUILTIN, "OCR_PORT": str(free_port())}, None, False)
    }
    assert (found["cores"].state, found["cores"].said) == ("bad", "this check failed itself (RuntimeError)")
    assert list(found) == CHECKS


def test_no_secret_is_ever_shown(web):
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
    assert done.returncode == exit_codes.FAULT_STATUS
    assert "secret" not in done.stdout + done.stderr


def test_loading_is_tried_only_if_asked_for():
    assert " reading " not in run(**BUILTIN).stdout
    assert "read the golden sample" in run("--load", **BUILTIN).stdout


def test_a_task_without_its_project_is_refused():
    done = run("--task", "3", **BUILTIN)
    assert (done.returncode, "--task needs --project" in done.stderr) == (exit_codes.SETTINGS_STATUS, True)


@pytest.mark.parametrize("project", [None, checks.Sample(1)])
def test_without_label_studio_only_a_project_is_missed(project):
    found = list(checks.findings({**BUILTIN, "OCR_PORT": str(free_port())}, project, False))
    assert [one.check for one in found if one.state == "bad"] == ([] if project is None else ["project"])
