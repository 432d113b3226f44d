"""Requests to a running backend, and how its responses are interpreted."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from ocr_backend.commands.prelabel.errors import UnavailableError, UsageError
from ocr_backend.commands.prelabel.http_predictor import HttpPredictor
from ocr_backend.commands.prelabel.label_studio_client import Project
from ocr_backend.commands.prelabel.task_filter import TaskRow
from ocr_backend.config.settings import Settings
from ocr_backend.pipeline.predictor import TaskOutcome
from ocr_backend.system.basic_credentials import Credentials
from scripted_server import Reply, ScriptedServer

TASKS = [TaskRow(1, {"image": "a.png"}), TaskRow(2, {"image": "b.png"})]
READ = {"result": [{"id": "r"}], "score": 0.9, "model_version": "v"}
BLANK = {"result": [], "score": 0.0, "model_version": "v"}


PROJECT = Project("bills", "<View/>", 2, 0, Credentials("me", "p@ss"))


def reply(content: object, status: int = 200) -> Reply:
    return Reply(json.dumps(content).encode(), status)


def in_turn(*replies: Reply) -> Callable[[BaseHTTPRequestHandler], None]:
    left = list(replies)
    return lambda handler: left.pop(0)(handler)


@pytest.fixture
def predictor(web: ScriptedServer) -> HttpPredictor:
    web.on("/setup", reply({"model_version": "v", "warnings": ["no label"]}))
    return open_predictor(web.url)


def open_predictor(url: str, **settings: str) -> HttpPredictor:
    return HttpPredictor(f"{url}/", Settings(**settings), PROJECT, 2, lambda seconds: None)  # type: ignore[arg-type]


def test_version_and_warnings_come_from_setup(predictor: HttpPredictor) -> None:
    assert (predictor.version, predictor.warning) == ("v", "no label")


def test_requests_look_like_those_of_label_studio(web: ScriptedServer, predictor: HttpPredictor) -> None:
    web.on("/predict", reply({"results": [READ, BLANK]}))
    assert predictor.predict(TASKS) == [TaskOutcome("read", READ), TaskOutcome("no_text", BLANK)]
    request = web.requests[-1]
    assert (request.method, request.path) == ("POST", "/predict")
    assert json.loads(request.body) == {
        "tasks": [{"id": 1, "data": {"image": "a.png"}}, {"id": 2, "data": {"image": "b.png"}}],
        "label_config": "<View/>",
        "params": {"login": "me", "password": "p@ss", "context": None},
    }


def test_reasons_come_from_the_backend(web: ScriptedServer, predictor: HttpPredictor) -> None:
    unread = [{"task": 2, "outcome": "late", "reason": "ask again"}]
    web.on("/predict", reply({"results": [[], []], "unread": unread}))
    first, second = predictor.predict(TASKS)
    assert (first.outcome, first.prediction) == ("failed", None)
    assert second == TaskOutcome("late", reason="ask again")


def test_a_prediction_without_a_version_has_the_version_of_setup(
    web: ScriptedServer, predictor: HttpPredictor
) -> None:
    web.on("/predict", reply({"results": [{"result": []}, BLANK]}))
    assert predictor.predict(TASKS)[0].prediction == {"result": [], "model_version": "v"}


def test_a_changed_version_ends_the_run(web: ScriptedServer, predictor: HttpPredictor) -> None:
    web.on("/predict", reply({"results": [{**READ, "model_version": "w"}, BLANK]}))
    with pytest.raises(UsageError, match="changed from v to w"):
        predictor.predict(TASKS)


def test_the_password_is_sent(web: ScriptedServer) -> None:
    web.on("/setup", reply({"model_version": "v"}))
    open_predictor(web.url, basic_auth_user="ocr", basic_auth_pass="right")
    assert web.requests[-1].headers["Authorization"] == "Basic b2NyOnJpZ2h0"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_error_is_retried(web: ScriptedServer, predictor: HttpPredictor, status: int) -> None:
    web.on("/predict", in_turn(reply({"detail": "busy"}, status), reply({"results": [READ, BLANK]})))
    assert [outcome.outcome for outcome in predictor.predict(TASKS)] == ["read", "no_text"]


def test_a_broken_connection_is_retried(web: ScriptedServer, predictor: HttpPredictor) -> None:
    cut = Reply(b"{", headers={"Content-Length": "100", "Connection": "close"})
    web.on("/predict", in_turn(cut, reply({"results": [READ, BLANK]})))
    assert [outcome.outcome for outcome in predictor.predict(TASKS)] == ["read", "no_text"]


def test_a_backend_that_stays_unavailable_is_an_error(web: ScriptedServer, predictor: HttpPredictor) -> None:
    web.on("/predict", reply({"detail": "busy"}, 503))
    with pytest.raises(UnavailableError, match="answers 503: busy"):
        predictor.predict(TASKS)
    web.server_close()
    with pytest.raises(UnavailableError, match="cannot be reached"):
        open_predictor("http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("response", "message"),
    [
        pytest.param(reply({"detail": "no"}, 401), "BASIC_AUTH_USER", id="password"),
        pytest.param(reply({"detail": "no TextArea"}, 400), "no TextArea", id="config"),
        pytest.param(Reply(b"<html>", 404), "no reason given", id="another server"),
        pytest.param(reply([]), "is not an OCR backend", id="list"),
        pytest.param(reply({}), "returns no model_version", id="no version"),
    ],
)
def test_errors_that_a_retry_cannot_fix_are_reported(
    web: ScriptedServer, response: Reply, message: str
) -> None:
    web.on("/setup", response)
    with pytest.raises(UsageError, match=message):
        open_predictor(web.url)


@pytest.mark.parametrize("content", [{}, {"results": []}, {"results": [READ]}, {"results": {}}])
def test_a_response_without_a_result_for_each_task_is_refused(
    web: ScriptedServer, predictor: HttpPredictor, content: dict[str, object]
) -> None:
    web.on("/predict", reply(content))
    with pytest.raises(UsageError, match="one result for each task"):
        predictor.predict(TASKS)
