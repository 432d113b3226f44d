"""A project and its sample image, where Label Studio's answers are written down."""

import json

import pytest

from ocr_backend.commands.doctor.label_studio_api import LabelStudioApi
from ocr_backend.commands.doctor.project_checks import Sample, findings
from ocr_backend.config.settings import Settings
from scripted_server import Reply

CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="Text"/></RectangleLabels>
<TextArea name="text" toName="image" perRegion="true"/></View>"""


@pytest.fixture
def found(web):
    """`found(image, ...)`: the findings by check, for a project whose one task has its image there."""

    def asked(image, connections=(), data=None, **changed):
        project = {"id": 1, "label_config": CONFIG, "task_number": 1, "task_data_login": "annotator"}
        web.on("/api/projects/1/", Reply(json.dumps({**project, "task_data_password": "right"}).encode()))
        web.on("/api/ml/", Reply(json.dumps(list(connections)).encode()))
        task = {"id": 7, "data": {"image": image} if data is None else data}
        web.on("/api/tasks/", Reply(json.dumps({"tasks": [task], "total": 1}).encode()))
        given = {"label_studio_url": web.url, "allowed_hosts": ("127.0.0.1",)}
        settings = Settings(**{**given, **changed})
        api = LabelStudioApi(settings)
        told = {}
        for one in findings(api, settings, Sample(1)):
            told.setdefault(one.check, []).append(one)
        api.close()
        return told

    return asked


def test_the_image_is_fetched_with_the_projects_own_credentials(found, other_web, png):
    url = other_web.on("/page.png", Reply(png(30, 20)))
    (image,) = found(url)["image"]
    assert image.state == "good"
    assert f"30 x 20 px, from {url}" in image.said
    assert other_web.asked[0].headers["Authorization"] == "Basic YW5ub3RhdG9yOnJpZ2h0"  # annotator:right


@pytest.mark.parametrize(
    ("image", "changed", "said", "todo"),
    [
        pytest.param(
            "http://127.0.0.1:1/a.png?token=secret",
            {},
            "task 7, http://127.0.0.1:1/a.png: ",
            "see whether this machine reaches 127.0.0.1",
            id="nobody there",
        ),
        pytest.param("data:,nothing", {}, "task 7, the task itself: ", "import the image anew", id="inline"),
        pytest.param(
            "ftp://x/y", {}, "the scheme 'ftp' is not supported", "mend the task's data", id="scheme"
        ),
        pytest.param(
            "/data/local-files/?d=../../a.png",
            {"local_files_document_root": "/nowhere/files"},
            "LOCAL_FILES_DOCUMENT_ROOT",
            "see that the address gives an image within the limits",
            id="outside of the folder",
        ),
    ],
)
def test_an_image_that_does_not_come_is_told_with_the_reason_and_a_cure(found, image, changed, said, todo):
    (bad,) = found(image, **changed)["image"]
    assert (bad.state, said in bad.said, bad.todo.startswith(todo)) == ("bad", True, True), bad
    assert "secret" not in bad.said + bad.todo


def test_a_private_host_is_named_with_the_setting_that_allows_it(found, other_web, png):
    url = other_web.on("/page.png", Reply(png()))
    (bad,) = found(url, allowed_hosts=())["image"]
    assert "which is not public" in bad.said
    assert "set OCR_FETCH_ALLOW=127.0.0.1 " in bad.todo


def test_a_key_that_the_task_lacks_is_told(found):
    (bad,) = found("", data={"photo": "x"})["task"]
    assert (bad.state, "has no 'image'; it has photo" in bad.said) == ("bad", True)


@pytest.mark.parametrize(
    ("state", "expected", "said"),
    [
        ("CO", "good", "is connected"),
        ("TR", "good", "is training"),
        ("DI", "bad", "is disconnected"),
        ("ER", "bad", "is in error: out of luck"),
    ],
)
def test_the_first_connection_is_as_label_studio_sees_it(found, state, expected, said):
    listed = [
        {"url": "http://user:secret@ocr:9090", "state": state, "error_message": "out of luck"},
        {"url": "http://other:9090", "state": "DI"},
    ]
    first, other = found("data:,", connections=listed)["connection"]
    assert (first.state, f"http://ocr:9090 {said}" in first.said) == (expected, True)
    assert (other.state, "asks the first one only" in other.said) == ("skipped", True)
    assert "secret" not in first.said


def test_a_project_without_a_connection_is_warned_of(found):
    (warned,) = found("data:,")["connection"]
    assert (warned.state, "no model is connected" in warned.said) == ("warning", True)
