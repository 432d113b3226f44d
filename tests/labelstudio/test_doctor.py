"""doctor on a real Label Studio: what is good is said to be, and each fault is named with its cure."""

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

NO_PLACE_FOR_TEXT = '<View><Image name="i" value="$image"/><Rectangle name="b" toName="i"/></View>'
OTHER_LABELS = """
<View><Image name="page" value="$image"/>
<RectangleLabels name="zone" toName="page"><Label value="Heading"/><Label value="Body"/></RectangleLabels>
<TextArea name="says" toName="page" perRegion="true"/></View>
"""


@dataclass(frozen=True)
class Told:
    """What doctor ended with: its status, all of its output, and its findings by check."""

    status: int
    output: str
    findings: dict[str, list[dict[str, Any]]]

    def one(self, check: str) -> tuple[str, str]:
        """State of the last finding of a check, and what it says with what to do."""
        found = self.findings[check][-1]
        return found["state"], f"{found['said']} {found['todo']}"


@pytest.fixture
def doctor(settings: dict[str, str]) -> Callable[..., Told]:
    """Runs doctor with the settings of the backend, and what is given changed."""

    def ran(*arguments: object, **variables: str) -> Told:
        command = [sys.executable, "-m", "ocr_backend", "doctor", "--json", *map(str, arguments)]
        # Whether something else listens on the usual port of the machine is not the question here.
        env = {**clean_environment(), **settings, "OCR_PORT": str(free_port()), **variables}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode in (0, 1), done.stderr
        findings: dict[str, list[dict[str, Any]]] = {}
        for finding in json.loads(done.stdout)["findings"]:
            findings.setdefault(finding["check"], []).append(finding)
        return Told(done.returncode, done.stdout + done.stderr, findings)

    return ran


@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_a_connected_project_with_a_good_token_and_image_is_all_good(
    doctor: Callable[..., Told],
    connected: Project,
    label_studio: LabelStudio,
    image_path: Callable[[str], Path],
    kind: str,
) -> None:
    token = label_studio.legacy_token if kind == "legacy" else label_studio.personal_token
    (task,) = connected.upload(image_path("issue_170.png"))
    told = doctor("--project", connected.id, LABEL_STUDIO_API_KEY=token)
    assert told.status == 0, told.output
    state, said = told.one("Label Studio")
    assert state == "good"
    assert re.fullmatch(rf"\d+\.\d+\.\d+ at {re.escape(label_studio.url)} ", said)
    assert f"a {kind}" in told.findings["token"][0]["said"]
    assert told.one("token")[1].startswith("accepted: user 1, ")
    assert told.one("project") == ("good", f"{connected.id}, 1 tasks ")
    state, said = told.one("connection")
    assert (state, said.endswith("is connected ")) == ("good", True)
    expected = (
        "Image 'image' ($image), rectangle 'bbox', labels 'label' with 'Text', TextArea 'transcription' "
    )
    assert told.one("label config") == ("good", expected)
    state, said = told.one("image")
    assert (state, f"task {task}: " in said, "800 x 566 px, from /data/upload/" in said) == (
        "good",
        True,
        True,
    )
    assert token not in told.output


def test_a_wrong_token_is_named_and_does_not_stop_the_other_checks(
    doctor: Callable[..., Told], project: Project
) -> None:
    wrong = "0123456789abcdef0123456789abcdef01234567"
    told = doctor("--project", project.id, LABEL_STUDIO_API_KEY=wrong)
    assert told.status == 1
    state, said = told.one("token")
    assert (state, "Invalid token" in said, "Personal Access Token" in said) == ("bad", True, True)
    assert told.one("project") == ("skipped", "it needs a token that works ")
    assert told.one("models")[0] == "good"
    assert wrong not in told.output


def test_a_personal_token_that_label_studio_did_not_sign_is_bad(
    doctor: Callable[..., Told], label_studio: LabelStudio
) -> None:
    forged = label_studio.personal_token[:-8] + "AAAAAAAA"
    told = doctor(LABEL_STUDIO_API_KEY=forged)
    assert told.status == 1
    state, said = told.one("token")
    assert (state, "answered 401 to the personal access token" in said) == ("bad", True)
    assert forged not in told.output


def test_legacy_tokens_that_are_not_allowed_are_told_with_both_ways_out(
    doctor: Callable[..., Told], label_studio: LabelStudio, api: Api
) -> None:
    personal = {"LABEL_STUDIO_API_KEY": label_studio.personal_token}
    api.call("POST", "jwt/settings", json={"api_tokens_enabled": True, "legacy_api_tokens_enabled": False})
    try:
        state, said = doctor().one("token")
        assert (state, "legacy token authentication has been disabled" in said) == ("bad", True)
        assert "Personal Access Token; or allow legacy tokens" in said
        assert doctor(**personal).one("token")[0] == "good"
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
    ("change", "check", "said"),
    [
        pytest.param(
            lambda url: f"http://127.0.0.1:{free_port()}", "Label Studio", "cannot be reached", id="port"
        ),
        pytest.param(
            lambda url: url.replace("http://", "https://"),
            "Label Studio",
            "does not speak https",
            id="scheme",
        ),
        pytest.param(
            lambda url: f"{url}/prefix", "token", "see whether the path in LABEL_STUDIO_URL", id="path"
        ),
    ],
)
def test_a_wrong_url_is_told_with_what_to_set(
    doctor: Callable[..., Told],
    label_studio: LabelStudio,
    change: Callable[[str], str],
    check: str,
    said: str,
) -> None:
    told = doctor(LABEL_STUDIO_URL=change(label_studio.url))
    assert told.status == 1
    assert told.one(check)[0] == "bad"
    assert said in told.one(check)[1]


def test_a_project_without_a_place_for_text_or_a_connection_is_told_of(
    doctor: Callable[..., Told], api: Api
) -> None:
    project = Project(api, NO_PLACE_FOR_TEXT)
    told = doctor("--project", project.id)
    assert told.status == 1
    state, said = told.one("label config")
    assert (state, "has no TextArea for the image" in said) == ("bad", True)
    state, said = told.one("connection")
    assert (state, "no model is connected" in said) == ("warning", True)
    assert "image" not in told.findings


def test_a_label_that_the_configuration_lacks_is_warned_of(doctor: Callable[..., Told], api: Api) -> None:
    project = Project(api, OTHER_LABELS)
    project.add("data:image/png;base64,AAAA")
    told = doctor("--project", project.id)
    assert told.findings["label config"][0]["said"] == (
        "Image 'page' ($image), rectanglelabels 'zone', TextArea 'says'"
    )
    state, said = told.one("label config")
    assert (state, "'Text' is not among" in said, "set PREDICTED_LABEL" in said) == ("warning", True, True)
    state, said = told.one("image")
    assert (state, "the task itself: the file is neither" in said) == ("bad", True)
    assert (
        doctor("--project", project.id, PREDICTED_LABEL="Body").findings["label config"][-1]["state"]
        == "good"
    )


def test_a_backend_that_label_studio_does_not_reach_is_told_of(
    doctor: Callable[..., Told], project: Project, backend: str
) -> None:
    with serving(Relay(backend)) as relay:
        project.connect(relay.url)
    state, said = doctor("--project", project.id).one("connection")
    assert (state, "is disconnected" in said, "ML_BLOCK_LOCAL_IP=false" in said) == ("bad", True, True)


def test_an_image_on_a_private_host_is_refused_with_the_setting_that_allows_it(
    doctor: Callable[..., Told], project: Project, served: ImageFiles, image_path: Callable[[str], Path]
) -> None:
    url = served.put("page.png", image_path("issue_170.png").read_bytes())
    first, second = project.add("http://192.0.2.1:1/other.png", url)
    told = doctor("--project", project.id, "--task", second, OCR_FETCH_ALLOW="example.org")
    assert told.status == 1
    state, said = told.one("image")
    assert (state, said.startswith(f"task {second}, {url}: ")) == ("bad", True)
    assert "127.0.0.1, which is not public" in said
    assert "set OCR_FETCH_ALLOW=127.0.0.1" in said
    allowed = doctor("--project", project.id, "--task", second)
    assert allowed.one("image")[0] == "good"
    assert first != second


def test_projects_and_tasks_that_are_not_there_are_told_of(
    doctor: Callable[..., Told], project: Project
) -> None:
    state, said = doctor("--project", 999_999).one("project")
    assert (state, "there is no project 999999" in said) == ("bad", True)
    state, said = doctor("--project", project.id).one("task")
    assert (state, "has no task" in said) == ("warning", True)
    state, said = doctor("--project", project.id, "--task", 999_999).one("task")
    assert (state, "has no task 999999" in said) == ("bad", True)
