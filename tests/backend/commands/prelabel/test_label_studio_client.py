"""How scripted responses and errors are translated. Other tests use a real Label Studio."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ocr_backend.commands.prelabel.errors import RefusedError, UnavailableError, UsageError
from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient, Project
from ocr_backend.commands.prelabel.task_filter import StoredPrediction, TaskRow, all_tasks
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
def open_client(web: ScriptedServer) -> Iterator[Callable[..., LabelStudioClient]]:
    clients = []

    def open_one(path: str = "", key: str = "f" * 40) -> LabelStudioClient:
        settings = Settings(label_studio_url=web.url + path, label_studio_api_key=key)
        clients.append(LabelStudioClient(settings, 12))
        return clients[-1]

    yield open_one
    for client in clients:
        client.close()


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(body).encode(), status, headers)


@pytest.mark.filterwarnings("ignore:The `parse_obj` method")  # raised by the SDK
def test_the_url_of_label_studio_may_have_a_path(
    web: ScriptedServer, open_client: Callable[..., LabelStudioClient]
) -> None:
    expiry = time.time() + 3600
    web.on("/label/api/token/refresh/", reply({"access": jwt(exp=expiry)}))
    web.on("/label/api/projects/12/", reply(PROJECT))
    project = open_client("/label", jwt(token_type="refresh", exp=expiry)).project()
    assert project == Project("bills", "<View/>", 3, 2, Credentials("me", "p@ss"))
    assert web.requests[-1].headers["Authorization"] == f"Bearer {jwt(exp=expiry)}"


def test_tasks_have_the_requested_fields(
    web: ScriptedServer, open_client: Callable[..., LabelStudioClient]
) -> None:
    tasks = [
        {"id": 5, "data": {"image": "a"}, "predictions": [{"id": 7, "model_version": "v", "result": []}]}
    ]
    web.on("/api/tasks/", reply({"tasks": tasks, "total": 9, "total_annotations": 0, "total_predictions": 1}))
    page = open_client().tasks(all_tasks(), ("id", "data", "predictions"), 1)
    assert page == ([TaskRow(5, {"image": "a"}, (StoredPrediction(7, "v"),))], 9)
    assert "resolve_uri=false" in web.requests[-1].path


@pytest.mark.parametrize(
    ("response", "error", "message"),
    [
        pytest.param(
            reply({"detail": "no right"}, 403), UsageError, "is not allowed to access project 12", id="403"
        ),
        pytest.param(reply({}, 404), UsageError, "project 12 does not exist", id="404"),
        pytest.param(reply({"detail": "so"}, 401), UsageError, r"refuses the token .*\(so\)", id="401"),
        pytest.param(reply({}, 301, Location="/x"), UsageError, "or redirects", id="redirect"),
        pytest.param(Reply(b"<html>hello</html>"), UsageError, "is not Label Studio", id="page"),
        pytest.param(reply([1, 2]), UsageError, "is not Label Studio", id="list"),
        pytest.param(Reply(b"<html>bad</html>", 502), UnavailableError, "502: no reason given", id="gateway"),
        pytest.param(reply({"detail": "slow down"}, 429), UnavailableError, "429: slow down", id="429"),
        pytest.param(reply({"detail": "odd"}, 400), RefusedError, "odd", id="400"),
    ],
)
def test_each_error_has_the_class_of_its_reaction(
    web: ScriptedServer,
    open_client: Callable[..., LabelStudioClient],
    response: Reply,
    error: type[Exception],
    message: str,
) -> None:
    web.on("/api/projects/12/", response)
    with pytest.raises(error, match=message):
        open_client().project()
    assert len(web.requests) == 1  # the caller retries


def test_retry_after_is_part_of_the_error(
    web: ScriptedServer, open_client: Callable[..., LabelStudioClient]
) -> None:
    web.on("/api/projects/12/", reply({}, 503, **{"Retry-After": "17"}))
    with pytest.raises(UnavailableError) as error:
        open_client().project()
    assert error.value.retry_after_seconds == 17


def test_every_reason_of_a_refusal_is_reported(
    web: ScriptedServer, open_client: Callable[..., LabelStudioClient]
) -> None:
    body = {"detail": "Validation error", "validation_errors": {"task": ["is gone"], "result": "is odd"}}
    web.on("/api/predictions/", reply(body, 400))
    with pytest.raises(RefusedError, match="^is gone; is odd$"):
        open_client().create_prediction({"task": 1, "result": []})


@pytest.mark.parametrize(
    "response", [Reply(b"<html>", 500), Reply(b"<html>", 200), reply({"detail": "no"}, 401)]
)
def test_a_refused_personal_token_is_reported(
    web: ScriptedServer, open_client: Callable[..., LabelStudioClient], response: Reply
) -> None:
    web.on("/api/token/refresh/", response)
    with pytest.raises(UsageError, match="LABEL_STUDIO_API_KEY|is not Label Studio"):
        open_client("", jwt(token_type="refresh", exp=time.time() + 3600)).project()


def test_an_expired_personal_token_is_reported(open_client: Callable[..., LabelStudioClient]) -> None:
    with pytest.raises(UsageError, match="expired"):
        open_client("", jwt(token_type="refresh", exp=1000))


def test_deleting_a_deleted_prediction_is_no_error(
    web: ScriptedServer, open_client: Callable[..., LabelStudioClient]
) -> None:
    web.on("/api/predictions/7/", reply({}, 404))
    with pytest.raises(RefusedError):
        open_client().replace_prediction(7, {"task": 1, "result": []})
    open_client().delete_prediction(7)
