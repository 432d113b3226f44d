"""What is asked of a running backend, and what is made of its answers."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from ocr_backend.commands.prelabel.errors import UnavailableError, UsageError
from ocr_backend.commands.prelabel.http_predictor import HttpPredictor
from ocr_backend.commands.prelabel.label_studio_client import Project
from ocr_backend.commands.prelabel.task_filter import Listed
from ocr_backend.config.settings import Settings
from ocr_backend.pipeline.predictor import TaskOutcome
from ocr_backend.system.basic_credentials import Credentials
from scripted_server import Reply, ScriptedServer

TASKS = [Listed(1, {"image": "a.png"}), Listed(2, {"image": "b.png"})]
READ = {"result": [{"id": "r"}], "score": 0.9, "model_version": "v"}
BLANK = {"result": [], "score": 0.0, "model_version": "v"}


PROJECT = Project("bills", "<View/>", 2, 0, Credentials("me", "p@ss"))


def reply(told: object, status: int = 200) -> Reply:
    return Reply(json.dumps(told).encode(), status)


def in_turn(*replies: Reply) -> Callable[[BaseHTTPRequestHandler], None]:
    left = list(replies)
    return lambda handler: left.pop(0)(handler)


@pytest.fixture
def remote(web: ScriptedServer) -> HttpPredictor:
    web.on("/setup", reply({"model_version": "v", "warnings": ["no label"]}))
    return made(web.url)


def made(url: str, **settings: str) -> HttpPredictor:
    return HttpPredictor(f"{url}/", Settings(**settings), PROJECT, 2, lambda seconds: None)  # type: ignore[arg-type]


def test_the_backend_says_its_version_and_what_it_misses(remote: HttpPredictor) -> None:
    assert (remote.version, remote.warning) == ("v", "no label")


def test_tasks_are_asked_for_as_label_studio_does(web: ScriptedServer, remote: HttpPredictor) -> None:
    web.on("/predict", reply({"results": [READ, BLANK]}))
    assert remote.answers(TASKS) == [TaskOutcome("read", READ), TaskOutcome("no_text", BLANK)]
    asked = web.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/predict")
    assert json.loads(asked.body) == {
        "tasks": [{"id": 1, "data": {"image": "a.png"}}, {"id": 2, "data": {"image": "b.png"}}],
        "label_config": "<View/>",
        "params": {"login": "me", "password": "p@ss", "context": None},
    }


def test_reasons_are_taken_over(web: ScriptedServer, remote: HttpPredictor) -> None:
    unread = [{"task": 2, "outcome": "late", "reason": "ask again"}]
    web.on("/predict", reply({"results": [[], []], "unread": unread}))
    first, second = remote.answers(TASKS)
    assert (first.outcome, first.prediction) == ("failed", None)
    assert second == TaskOutcome("late", reason="ask again")


def test_a_prediction_without_version_is_of_the_one_that_was_said(
    web: ScriptedServer, remote: HttpPredictor
) -> None:
    web.on("/predict", reply({"results": [{"result": []}, BLANK]}))
    assert remote.answers(TASKS)[0].prediction == {"result": [], "model_version": "v"}


def test_another_version_ends_the_run(web: ScriptedServer, remote: HttpPredictor) -> None:
    web.on("/predict", reply({"results": [{**READ, "model_version": "w"}, BLANK]}))
    with pytest.raises(UsageError, match="reads with w, not with v"):
        remote.answers(TASKS)


def test_the_password_is_sent(web: ScriptedServer) -> None:
    web.on("/setup", reply({"model_version": "v"}))
    made(web.url, basic_auth_user="ocr", basic_auth_pass="right")
    assert web.asked[-1].headers["Authorization"] == "Basic b2NyOnJpZ2h0"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_backend_that_comes_back_is_asked_again(
    web: ScriptedServer, remote: HttpPredictor, status: int
) -> None:
    web.on("/predict", in_turn(reply({"detail": "busy"}, status), reply({"results": [READ, BLANK]})))
    assert [answer.outcome for answer in remote.answers(TASKS)] == ["read", "no_text"]


def test_a_connection_that_breaks_is_made_again(web: ScriptedServer, remote: HttpPredictor) -> None:
    cut = Reply(b"{", headers={"Content-Length": "100", "Connection": "close"})
    web.on("/predict", in_turn(cut, reply({"results": [READ, BLANK]})))
    assert [answer.outcome for answer in remote.answers(TASKS)] == ["read", "no_text"]


def test_a_backend_that_stays_away_is_gone(web: ScriptedServer, remote: HttpPredictor) -> None:
    web.on("/predict", reply({"detail": "busy"}, 503))
    with pytest.raises(UnavailableError, match="answers 503: busy"):
        remote.answers(TASKS)
    web.server_close()
    with pytest.raises(UnavailableError, match="cannot be reached"):
        made("http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(reply({"detail": "no"}, 401), "BASIC_AUTH_USER", id="password"),
        pytest.param(reply({"detail": "no TextArea"}, 400), "no TextArea", id="config"),
        pytest.param(Reply(b"<html>", 404), "no reason given", id="another server"),
        pytest.param(reply([]), "no OCR backend", id="list"),
        pytest.param(reply({}), "names no model_version", id="no version"),
    ],
)
def test_what_another_try_does_not_mend_is_said(web: ScriptedServer, answer: Reply, said: str) -> None:
    web.on("/setup", answer)
    with pytest.raises(UsageError, match=said):
        made(web.url)


@pytest.mark.parametrize("told", [{}, {"results": []}, {"results": [READ]}, {"results": {}}])
def test_an_answer_that_lacks_results_is_refused(
    web: ScriptedServer, remote: HttpPredictor, told: dict[str, object]
) -> None:
    web.on("/predict", reply(told))
    with pytest.raises(UsageError, match="one result for each task"):
        remote.answers(TASKS)
