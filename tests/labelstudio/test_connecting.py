"""What a person sees at Settings > Model, and what Label Studio does there behind the page."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from label_studio import LabelStudio
from label_studio_project import Api, Project, RefusedError
from loopback import Relay, serving

pytestmark = pytest.mark.labelstudio

WITHOUT_TEXT = """
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="Text"/></RectangleLabels>
</View>
"""

OUR_SENTENCE = "the labelling configuration has no TextArea for the image; needed are an Image with a name"


def shown_by_the_page(message: str) -> str:
    """Without what looks like tags: the page takes a message for HTML and leaves those out."""
    return re.sub("<[^>]*>", "", message)


def test_a_backend_is_connected_and_shows_its_model_version(project: Project, backend: str) -> None:
    connection = project.connect(backend)
    assert connection["readable_state"] == "Connected"
    assert "PP-OCRv6" in connection["model_version"]
    assert project.versions(connection["id"]) == [connection["model_version"]]


def test_two_projects_see_the_same_model_version(api: Api, backend: str, guarded_backend: str) -> None:
    password = {"auth_method": "BASIC_AUTH", "basic_auth_user": "ocr", "basic_auth_pass": "right"}
    one = Project(api).connect(backend)
    other = Project(api).connect(guarded_backend, **password)
    assert one["model_version"] == other["model_version"]


def test_a_wrong_password_is_told_of(project: Project, guarded_backend: str) -> None:
    wrong = {"auth_method": "BASIC_AUTH", "basic_auth_user": "ocr", "basic_auth_pass": "wrong"}
    with pytest.raises(
        RefusedError, match="authentication parameters were either not provided or are incorrect"
    ):
        project.connect(guarded_backend, **wrong)
    assert project.connections() == []


def test_a_missing_password_is_told_of(project: Project, guarded_backend: str) -> None:
    with pytest.raises(RefusedError, match="401"):
        project.connect(guarded_backend)
    assert project.connections() == []


def test_the_right_password_is_taken(project: Project, guarded_backend: str) -> None:
    right = {"auth_method": "BASIC_AUTH", "basic_auth_user": "ocr", "basic_auth_pass": "right"}
    assert project.connect(guarded_backend, **right)["readable_state"] == "Connected"


def test_a_config_without_a_place_for_text_is_refused_with_our_sentence(api: Api, backend: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Project(api, WITHOUT_TEXT).connect(backend)
    assert OUR_SENTENCE in shown_by_the_page(str(refused.value))


def test_a_config_that_has_lost_its_place_for_text_shows_our_sentence(connected: Project) -> None:
    connected.reconfigure(WITHOUT_TEXT)
    (connection,) = connected.connections()
    assert connection["readable_state"] == "Error"
    assert OUR_SENTENCE in shown_by_the_page(connection["error_message"])


def test_every_event_of_a_project_is_answered_well(
    project: Project, relay: Relay, image_path: Callable[[str], Path]
) -> None:
    project.connect(relay.url)
    (task,) = project.upload(image_path("issue_170.png"))
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    project.submit(task, prediction)
    project.delete(task)
    events = relay.to("/webhook")
    assert {json.loads(event.sent)["action"] for event in events} >= {
        "TASKS_CREATED",
        "ANNOTATION_CREATED",
        "TASKS_DELETED",
    }
    assert [event for event in events if not 200 <= event.status < 300] == []


def test_start_training_leaves_the_backend_connected(project: Project, relay: Relay) -> None:
    connection = project.connect(relay.url)
    project.train(connection["id"])
    (start,) = (
        event for event in relay.to("/webhook") if json.loads(event.sent)["action"] == "START_TRAINING"
    )
    assert 200 <= start.status < 300
    json.loads(start.answered)  # Label Studio takes anything else for an error
    (after,) = project.connections()
    assert (after["readable_state"], after["error_message"]) == ("Connected", None)


def test_events_of_a_guarded_backend_are_refused_and_nothing_comes_of_it(
    project: Project, guarded_backend: str, image_path: Callable[[str], Path]
) -> None:
    right = {"auth_method": "BASIC_AUTH", "basic_auth_user": "ocr", "basic_auth_pass": "right"}
    with serving(Relay(guarded_backend)) as relay:
        connection = project.connect(relay.url, **right)
        (task,) = project.upload(image_path("issue_170.png"))
        project.retrieve_predictions()
        (prediction,) = project.predictions(task)
        project.submit(task, prediction)
        # Label Studio sends its events without the password, but asks for training with it.
        project.train(connection["id"])
        answered = {json.loads(event.sent)["action"]: event.status for event in relay.to("/webhook")}
        (after,) = project.connections()
    assert answered["ANNOTATION_CREATED"] == 401
    assert answered["START_TRAINING"] == 201
    assert (after["readable_state"], after["error_message"]) == ("Connected", None)


def test_send_test_request_shows_what_was_read(
    connected: Project, page: tuple[Path, dict[str, object]]
) -> None:
    file, lines = page
    connected.upload(file)
    (connection,) = connected.connections()
    shown = connected.send_test_request(connection["id"])
    assert shown["status"] == 200
    items = shown["response"][0]["result"]
    assert [item["value"]["text"] for item in items if item["type"] == "textarea"] == [
        [text] for text in lines
    ]


def test_no_token_is_logged_at_any_level(
    connected: Project, backend_log: Path, label_studio: LabelStudio, image_path: Callable[[str], Path]
) -> None:
    connected.upload(image_path("issue_170.png"))  # each /setup brings the token, each fetch sends it
    connected.retrieve_predictions()
    log = backend_log.read_text()
    assert "predict" in log
    assert label_studio.legacy_token not in log
