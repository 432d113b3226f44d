"""Settings > Model: what a user sees there, and what Label Studio sends to the backend."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from label_studio import LabelStudio
from label_studio_project import Api, Project, RefusedError
from loopback import Relay, serving

pytestmark = pytest.mark.labelstudio

WITHOUT_BOXES = """
<View>
  <Image name="image" value="$image"/>
  <Labels name="label" toName="image"><Label value="Text"/></Labels>
</View>
"""

MISSING_BOXES = "the label config has no tag that draws boxes on the image; it needs an Image with a name"

RIGHT_PASSWORD = {"auth_method": "BASIC_AUTH", "basic_auth_user": "ocr", "basic_auth_pass": "right"}


def visible_text(message: str) -> str:
    """A message as the page shows it: without anything that looks like an HTML tag."""
    return re.sub("<[^>]*>", "", message)


def test_a_backend_is_connected_and_shows_its_model_version(project: Project, backend: str) -> None:
    connection = project.connect(backend)
    assert connection["readable_state"] == "Connected"
    assert "PP-OCRv6" in connection["model_version"]
    assert project.versions(connection["id"]) == [connection["model_version"]]


def test_two_projects_see_the_same_model_version(api: Api, backend: str, guarded_backend: str) -> None:
    first = Project(api).connect(backend)
    second = Project(api).connect(guarded_backend, **RIGHT_PASSWORD)
    assert first["model_version"] == second["model_version"]


def test_a_wrong_password_is_reported(project: Project, guarded_backend: str) -> None:
    wrong = {**RIGHT_PASSWORD, "basic_auth_pass": "wrong"}
    with pytest.raises(
        RefusedError, match="authentication parameters were either not provided or are incorrect"
    ):
        project.connect(guarded_backend, **wrong)
    assert project.connections() == []


def test_a_missing_password_is_reported(project: Project, guarded_backend: str) -> None:
    with pytest.raises(RefusedError, match="401"):
        project.connect(guarded_backend)
    assert project.connections() == []


def test_the_right_password_is_accepted(project: Project, guarded_backend: str) -> None:
    assert project.connect(guarded_backend, **RIGHT_PASSWORD)["readable_state"] == "Connected"


def test_a_label_config_without_boxes_and_text_is_refused(api: Api, backend: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Project(api, WITHOUT_BOXES).connect(backend)
    assert MISSING_BOXES in visible_text(str(refused.value))


def test_a_connection_shows_that_the_boxes_were_removed(connected_project: Project) -> None:
    connected_project.reconfigure(WITHOUT_BOXES)
    (connection,) = connected_project.connections()
    assert connection["readable_state"] == "Error"
    assert MISSING_BOXES in visible_text(connection["error_message"])


def test_every_event_of_a_project_is_accepted(
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
    json.loads(start.answered)  # Label Studio treats anything else as an error
    (after,) = project.connections()
    assert (after["readable_state"], after["error_message"]) == ("Connected", None)


def test_refused_events_leave_a_backend_with_a_password_connected(
    project: Project, guarded_backend: str, image_path: Callable[[str], Path]
) -> None:
    with serving(Relay(guarded_backend)) as relay:
        connection = project.connect(relay.url, **RIGHT_PASSWORD)
        (task,) = project.upload(image_path("issue_170.png"))
        project.retrieve_predictions()
        (prediction,) = project.predictions(task)
        project.submit(task, prediction)
        # Label Studio sends its events without the password, but asks for training with it.
        project.train(connection["id"])
        statuses = {json.loads(event.sent)["action"]: event.status for event in relay.to("/webhook")}
        (after,) = project.connections()
    assert statuses["ANNOTATION_CREATED"] == 401
    assert statuses["START_TRAINING"] == 201
    assert (after["readable_state"], after["error_message"]) == ("Connected", None)


def test_send_test_request_shows_the_texts(
    connected_project: Project, page: tuple[Path, dict[str, object]]
) -> None:
    file, lines = page
    connected_project.upload(file)
    (connection,) = connected_project.connections()
    answer = connected_project.send_test_request(connection["id"])
    assert answer["status"] == 200
    items = answer["response"][0]["result"]
    assert [item["value"]["text"] for item in items if item["type"] == "textarea"] == [
        [text] for text in lines
    ]


def test_no_token_is_logged_at_any_level(
    connected_project: Project,
    backend_log: Path,
    label_studio: LabelStudio,
    image_path: Callable[[str], Path],
) -> None:
    # Each /setup contains the token, and each fetch sends it.
    connected_project.upload(image_path("issue_170.png"))
    connected_project.retrieve_predictions()
    log = backend_log.read_text()
    assert "predict" in log
    assert label_studio.legacy_token not in log
