"""Checks of a project and a sample image against scripted responses of Label Studio."""

import json

import pytest

from ocr_backend.commands.doctor.label_studio_api import LabelStudioApi
from ocr_backend.commands.doctor.project_checks import Sample, check_project
from ocr_backend.config.settings import Settings
from scripted_server import Reply

CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="Text"/></RectangleLabels>
<TextArea name="text" toName="image" perRegion="true"/></View>"""


@pytest.fixture
def check(web):
    """`check(image, ...)`: the findings by check, for a project with one task that has this image."""

    def run(image, connections=(), data=None, **changed):
        project = {"id": 1, "label_config": CONFIG, "task_number": 1, "task_data_login": "annotator"}
        web.on("/api/projects/1/", Reply(json.dumps({**project, "task_data_password": "right"}).encode()))
        web.on("/api/ml/", Reply(json.dumps(list(connections)).encode()))
        task = {"id": 7, "data": {"image": image} if data is None else data}
        web.on("/api/tasks/", Reply(json.dumps({"tasks": [task], "total": 1}).encode()))
        defaults = {"label_studio_url": web.url, "allowed_hosts": ("127.0.0.1",)}
        settings = Settings(**{**defaults, **changed})
        api = LabelStudioApi(settings)
        findings = {}
        for finding in check_project(api, settings, Sample(1)):
            findings.setdefault(finding.check, []).append(finding)
        api.close()
        return findings

    return run


def test_the_image_is_fetched_with_the_projects_own_credentials(check, other_web, png):
    url = other_web.on("/page.png", Reply(png(30, 20)))
    (image,) = check(url)["image"]
    assert image.state == "good"
    assert f"30 x 20 px, from {url}" in image.message
    assert other_web.requests[0].headers["Authorization"] == "Basic YW5ub3RhdG9yOnJpZ2h0"  # annotator:right


@pytest.mark.parametrize(
    ("image", "changed", "message", "action"),
    [
        pytest.param(
            "http://127.0.0.1:1/a.png?token=secret",
            {},
            "task 7, http://127.0.0.1:1/a.png: ",
            "check that this machine can reach 127.0.0.1",
            id="closed port",
        ),
        pytest.param("data:,nothing", {}, "task 7, the task itself: ", "import the image again", id="inline"),
        pytest.param(
            "/9j/" + "4AAQSkZJRg" * 9, {}, "task 7, the task itself: ", "import the image again", id="base64"
        ),
        pytest.param(
            "ftp://x/y", {}, "the scheme 'ftp' is not supported", "correct the task's data", id="scheme"
        ),
        pytest.param(
            "/data/local-files/?d=../../a.png",
            {"local_files_document_root": "/nowhere/files"},
            "LOCAL_FILES_DOCUMENT_ROOT",
            "check that the URL returns an image within the limits",
            id="outside the folder",
        ),
    ],
)
def test_an_image_that_cannot_be_fetched_is_reported_with_reason_and_fix(
    check, image, changed, message, action
):
    (bad,) = check(image, **changed)["image"]
    assert (bad.state, message in bad.message, bad.action.startswith(action)) == ("bad", True, True), bad
    assert "secret" not in bad.message + bad.action


def test_a_private_host_is_reported_with_the_setting_that_allows_it(check, other_web, png):
    url = other_web.on("/page.png", Reply(png()))
    (bad,) = check(url, allowed_hosts=())["image"]
    assert "which is not public" in bad.message
    assert "set OCR_FETCH_ALLOW=127.0.0.1 " in bad.action


def test_a_missing_key_of_the_task_is_reported(check):
    (bad,) = check("", data={"photo": "x"})["task"]
    assert (bad.state, "has no 'image'; it has photo" in bad.message) == ("bad", True)


@pytest.mark.parametrize(
    ("state", "expected", "message"),
    [
        ("CO", "good", "is connected"),
        ("TR", "good", "is training"),
        ("DI", "bad", "is disconnected"),
        ("ER", "bad", "is in error: out of luck"),
    ],
)
def test_the_first_connection_has_the_state_that_label_studio_reports(check, state, expected, message):
    connections = [
        {"url": "http://user:secret@ocr:9090", "state": state, "error_message": "out of luck"},
        {"url": "http://other:9090", "state": "DI"},
    ]
    first, other = check("data:,", connections=connections)["connection"]
    assert (first.state, f"http://ocr:9090 {message}" in first.message) == (expected, True)
    assert (other.state, "uses only the first connection" in other.message) == ("skipped", True)
    assert "secret" not in first.message


def test_a_project_without_a_connection_is_a_warning(check):
    (finding,) = check("data:,")["connection"]
    assert (finding.state, "no model is connected" in finding.message) == ("warning", True)
