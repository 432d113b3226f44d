"""doctor with a real Label Studio: good set-ups pass, and each problem is reported with a fix."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from backend_process import clean_environment
from label_studio import LabelStudio
from label_studio_project import Api, Project
from loopback import ImageFiles, Relay, serving
from server_process import free_port

pytestmark = pytest.mark.labelstudio

WITHOUT_BOXES = (
    '<View><Image name="i" value="$image"/><Labels name="b" toName="i"><Label value="Text"/></Labels></View>'
)
OTHER_LABELS = """
<View><Image name="page" value="$image"/>
<RectangleLabels name="zone" toName="page"><Label value="Heading"/><Label value="Body"/></RectangleLabels>
<TextArea name="says" toName="page" perRegion="true"/></View>
"""


@dataclass(frozen=True)
class DoctorReport:
    """Exit status, output and findings of doctor; the findings by check."""

    status: int
    output: str
    findings: dict[str, list[dict[str, Any]]]

    def last(self, check: str) -> tuple[str, str]:
        """State of the last finding of a check, and its message with the action."""
        finding = self.findings[check][-1]
        return finding["state"], f"{finding['message']} {finding['action']}"


@pytest.fixture
def doctor(settings: dict[str, str]) -> Callable[..., DoctorReport]:
    """Runs doctor with the settings of the backend and the given variables."""

    def run(*arguments: object, **variables: str) -> DoctorReport:
        command = [sys.executable, "-m", "ocr_backend", "doctor", "--json", *map(str, arguments)]
        # A free port: whether another program uses the default port does not matter here.
        env = {**clean_environment(), **settings, "OCR_PORT": str(free_port()), **variables}
        completed = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert completed.returncode in (0, 1), completed.stderr
        findings: dict[str, list[dict[str, Any]]] = {}
        for finding in json.loads(completed.stdout)["findings"]:
            findings.setdefault(finding["check"], []).append(finding)
        return DoctorReport(completed.returncode, completed.stdout + completed.stderr, findings)

    return run


@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_every_check_of_a_correct_setup_is_good(
    doctor: Callable[..., DoctorReport],
    connected_project: Project,
    label_studio: LabelStudio,
    image_path: Callable[[str], Path],
    kind: str,
) -> None:
    token = label_studio.legacy_token if kind == "legacy" else label_studio.personal_token
    (task,) = connected_project.upload(image_path("issue_170.png"))
    report = doctor("--project", connected_project.id, LABEL_STUDIO_API_KEY=token)
    assert report.status == 0, report.output
    state, message = report.last("Label Studio")
    assert state == "good"
    assert re.fullmatch(rf"\d+\.\d+\.\d+ at {re.escape(label_studio.url)} ", message)
    assert f"a {kind}" in report.findings["token"][0]["message"]
    assert report.last("token")[1].startswith("accepted: user 1, ")
    assert report.last("project") == ("good", f"{connected_project.id}, 1 tasks ")
    state, message = report.last("connection")
    assert (state, message.endswith("is connected ")) == ("good", True)
    expected = (
        "Image 'image' ($image), rectangle 'bbox', labels 'label' with 'Text', TextArea 'transcription' "
    )
    assert report.last("label config") == ("good", expected)
    state, message = report.last("image")
    assert (state, f"task {task}: " in message, "800 x 566 px, from /data/upload/" in message) == (
        "good",
        True,
        True,
    )
    assert token not in report.output


def test_a_wrong_token_is_reported_and_the_other_checks_run(
    doctor: Callable[..., DoctorReport], project: Project
) -> None:
    wrong = "0123456789abcdef0123456789abcdef01234567"
    report = doctor("--project", project.id, LABEL_STUDIO_API_KEY=wrong)
    assert report.status == 1
    state, message = report.last("token")
    assert (state, "Invalid token" in message, "Personal Access Token" in message) == ("bad", True, True)
    assert report.last("project") == ("skipped", "it needs a valid token ")
    assert report.last("models")[0] == "good"
    assert wrong not in report.output


def test_a_personal_token_that_label_studio_did_not_sign_is_bad(
    doctor: Callable[..., DoctorReport], label_studio: LabelStudio
) -> None:
    forged = label_studio.personal_token[:-8] + "AAAAAAAA"
    report = doctor(LABEL_STUDIO_API_KEY=forged)
    assert report.status == 1
    state, message = report.last("token")
    assert (state, "answered 401 to the personal access token" in message) == ("bad", True)
    assert forged not in report.output


def test_disabled_legacy_tokens_are_reported_with_two_fixes(
    doctor: Callable[..., DoctorReport], label_studio: LabelStudio, api: Api
) -> None:
    personal = {"LABEL_STUDIO_API_KEY": label_studio.personal_token}
    api.call("POST", "jwt/settings", json={"api_tokens_enabled": True, "legacy_api_tokens_enabled": False})
    try:
        state, message = doctor().last("token")
        assert (state, "legacy token authentication has been disabled" in message) == ("bad", True)
        assert "Personal Access Token; or allow legacy tokens" in message
        assert doctor(**personal).last("token")[0] == "good"
    finally:
        _allow_legacy_tokens(label_studio)


def _allow_legacy_tokens(label_studio: LabelStudio) -> None:
    with requests.Session() as session:
        session.trust_env = False
        refresh = {"refresh": label_studio.personal_token}
        access = session.post(f"{label_studio.url}/api/token/refresh/", json=refresh, timeout=30).json()[
            "access"
        ]
        answer = session.post(
            f"{label_studio.url}/api/jwt/settings",
            json={"api_tokens_enabled": True, "legacy_api_tokens_enabled": True},
            headers={"Authorization": f"Bearer {access}"},
            timeout=30,
        )
        answer.raise_for_status()


@pytest.mark.parametrize(
    ("change", "check", "expected"),
    [
        pytest.param(
            lambda url: f"http://127.0.0.1:{free_port()}", "Label Studio", "cannot be reached", id="port"
        ),
        pytest.param(
            lambda url: url.replace("http://", "https://"),
            "Label Studio",
            "does not support https",
            id="scheme",
        ),
        pytest.param(lambda url: f"{url}/prefix", "token", "check the path in LABEL_STUDIO_URL", id="path"),
    ],
)
def test_a_wrong_url_is_reported_with_its_cause(
    doctor: Callable[..., DoctorReport],
    label_studio: LabelStudio,
    change: Callable[[str], str],
    check: str,
    expected: str,
) -> None:
    report = doctor(LABEL_STUDIO_URL=change(label_studio.url))
    assert report.status == 1
    assert report.last(check)[0] == "bad"
    assert expected in report.last(check)[1]


def test_missing_boxes_and_a_missing_connection_are_reported(
    doctor: Callable[..., DoctorReport], api: Api
) -> None:
    project = Project(api, WITHOUT_BOXES)
    report = doctor("--project", project.id)
    assert report.status == 1
    state, message = report.last("label config")
    assert (state, "has no tag that draws boxes" in message) == ("bad", True)
    state, message = report.last("connection")
    assert (state, "no model is connected" in message) == ("warning", True)
    assert "image" not in report.findings


def test_a_missing_label_gives_a_warning(doctor: Callable[..., DoctorReport], api: Api) -> None:
    project = Project(api, OTHER_LABELS)
    project.add("data:image/png;base64,AAAA")
    report = doctor("--project", project.id)
    assert report.findings["label config"][0]["message"] == (
        "Image 'page' ($image), rectanglelabels 'zone', TextArea 'says'"
    )
    state, message = report.last("label config")
    assert (state, "has no label 'Text'" in message, "set PREDICTED_LABEL" in message) == (
        "warning",
        True,
        True,
    )
    state, message = report.last("image")
    assert (state, "the task itself: the file is neither" in message) == ("bad", True)
    assert (
        doctor("--project", project.id, PREDICTED_LABEL="Body").findings["label config"][-1]["state"]
        == "good"
    )


def test_a_backend_that_label_studio_cannot_reach_is_reported(
    doctor: Callable[..., DoctorReport], project: Project, backend: str
) -> None:
    with serving(Relay(backend)) as relay:
        project.connect(relay.url)
    state, message = doctor("--project", project.id).last("connection")
    assert (state, "is disconnected" in message, "ML_BLOCK_LOCAL_IP=false" in message) == ("bad", True, True)


def test_an_image_on_a_private_host_is_refused_with_the_setting_that_allows_it(
    doctor: Callable[..., DoctorReport],
    project: Project,
    image_server: ImageFiles,
    image_path: Callable[[str], Path],
) -> None:
    url = image_server.put("page.png", image_path("issue_170.png").read_bytes())
    first, second = project.add("http://192.0.2.1:1/other.png", url)
    report = doctor("--project", project.id, "--task", second, OCR_FETCH_ALLOW="example.org")
    assert report.status == 1
    state, message = report.last("image")
    assert (state, message.startswith(f"task {second}, {url}: ")) == ("bad", True)
    assert "127.0.0.1, which is not public" in message
    assert "set OCR_FETCH_ALLOW=127.0.0.1" in message
    allowed = doctor("--project", project.id, "--task", second)
    assert allowed.last("image")[0] == "good"
    assert first != second


def test_missing_projects_and_tasks_are_reported(
    doctor: Callable[..., DoctorReport], project: Project
) -> None:
    state, message = doctor("--project", 999_999).last("project")
    assert (state, "project 999999 does not exist" in message) == ("bad", True)
    state, message = doctor("--project", project.id).last("task")
    assert (state, "has no task" in message) == ("warning", True)
    state, message = doctor("--project", project.id, "--task", 999_999).last("task")
    assert (state, "has no task 999999" in message) == ("bad", True)
