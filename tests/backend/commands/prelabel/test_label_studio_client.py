"""What answers that are no answers are called. What Label Studio really answers is asked of the real one."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ocr_backend.commands.prelabel.errors import RefusedError, UnavailableError, UsageError
from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient, Project
from ocr_backend.commands.prelabel.task_filter import Listed, Stored, everything
from ocr_backend.config.settings import Settings
from ocr_backend.system.basic_credentials import Credentials
from scripted_server import Reply, ScriptedServer

PROJECT = {
    "id": 12,
    "title": "bills",
    "label_config": "<View/>",
    "task_number": 3,
    "total_predictions_number": 2,
    "task_data_login": "me",
    "task_data_password": "p@ss",
}


def jwt(**claims: Any) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


@pytest.fixture
def studio(web: ScriptedServer) -> Iterator[Callable[..., LabelStudioClient]]:
    opened = []

    def made(path: str = "", key: str = "f" * 40) -> LabelStudioClient:
        settings = Settings(label_studio_url=web.url + path, label_studio_api_key=key)
        opened.append(LabelStudioClient(settings, 12))
        return opened[-1]

    yield made
    for one in opened:
        one.close()


def told(body: object, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(body).encode(), status, headers)


@pytest.mark.filterwarnings("ignore:The `parse_obj` method")  # the SDK's own
def test_label_studio_may_live_below_a_path(
    web: ScriptedServer, studio: Callable[..., LabelStudioClient]
) -> None:
    later = time.time() + 3600
    web.on("/label/api/token/refresh/", told({"access": jwt(exp=later)}))
    web.on("/label/api/projects/12/", told(PROJECT))
    found = studio("/label", jwt(token_type="refresh", exp=later)).project()
    assert found == Project("bills", "<View/>", 3, 2, Credentials("me", "p@ss"))
    assert web.asked[-1].headers["Authorization"] == f"Bearer {jwt(exp=later)}"


def test_tasks_come_with_what_was_asked_for(
    web: ScriptedServer, studio: Callable[..., LabelStudioClient]
) -> None:
    tasks = [
        {"id": 5, "data": {"image": "a"}, "predictions": [{"id": 7, "model_version": "v", "result": []}]}
    ]
    web.on("/api/tasks/", told({"tasks": tasks, "total": 9, "total_annotations": 0, "total_predictions": 1}))
    found = studio().tasks(everything(), ("id", "data", "predictions"), 1)
    assert found == ([Listed(5, {"image": "a"}, (Stored(7, "v"),))], 9)
    assert "resolve_uri=false" in web.asked[-1].path


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        pytest.param(told({"detail": "no right"}, 403), UsageError, "may not do this", id="403"),
        pytest.param(told({}, 404), UsageError, "there is no project 12", id="404"),
        pytest.param(told({"detail": "so"}, 401), UsageError, r"refuses the token .*\(so\)", id="401"),
        pytest.param(told({}, 301, Location="/x"), UsageError, "behind a redirect", id="redirect"),
        pytest.param(Reply(b"<html>hello</html>"), UsageError, "is not Label Studio", id="page"),
        pytest.param(told([1, 2]), UsageError, "is not Label Studio", id="list"),
        pytest.param(Reply(b"<html>bad</html>", 502), UnavailableError, "502: no reason given", id="gateway"),
        pytest.param(told({"detail": "slow down"}, 429), UnavailableError, "429: slow down", id="429"),
        pytest.param(told({"detail": "odd"}, 400), RefusedError, "odd", id="400"),
    ],
)
def test_each_error_is_told_by_what_can_be_done(
    web: ScriptedServer,
    studio: Callable[..., LabelStudioClient],
    answer: Reply,
    error: type[Exception],
    said: str,
) -> None:
    web.on("/api/projects/12/", answer)
    with pytest.raises(error, match=said):
        studio().project()
    assert len(web.asked) == 1  # it is for others to try again


def test_the_wish_to_wait_is_handed_on(web: ScriptedServer, studio: Callable[..., LabelStudioClient]) -> None:
    web.on("/api/projects/12/", told({}, 503, **{"Retry-After": "17"}))
    with pytest.raises(UnavailableError) as error:
        studio().project()
    assert error.value.seconds == 17


def test_every_part_of_a_refusal_is_told(
    web: ScriptedServer, studio: Callable[..., LabelStudioClient]
) -> None:
    body = {"detail": "Validation error", "validation_errors": {"task": ["is gone"], "result": "is odd"}}
    web.on("/api/predictions/", told(body, 400))
    with pytest.raises(RefusedError, match="^is gone; is odd$"):
        studio().create_prediction({"task": 1, "result": []})


@pytest.mark.parametrize(
    "answer", [Reply(b"<html>", 500), Reply(b"<html>", 200), told({"detail": "no"}, 401)]
)
def test_a_personal_token_that_is_not_exchanged_is_told(
    web: ScriptedServer, studio: Callable[..., LabelStudioClient], answer: Reply
) -> None:
    web.on("/api/token/refresh/", answer)
    with pytest.raises(UsageError, match="LABEL_STUDIO_API_KEY|is not Label Studio"):
        studio("", jwt(token_type="refresh", exp=time.time() + 3600)).project()


def test_a_personal_token_that_has_ended_is_told(studio: Callable[..., LabelStudioClient]) -> None:
    with pytest.raises(UsageError, match="expired"):
        studio("", jwt(token_type="refresh", exp=1000))


def test_what_is_deleted_already_is_well(
    web: ScriptedServer, studio: Callable[..., LabelStudioClient]
) -> None:
    web.on("/api/predictions/7/", told({}, 404))
    with pytest.raises(RefusedError):
        studio().replace_prediction(7, {"task": 1, "result": []})
    studio().delete_prediction(7)
