import json

import pytest

from ocr_backend.errors import RequestError
from ocr_backend.labelstudio.request_bodies import (
    PredictRequest,
    Task,
    json_object,
    predict_request,
    setup_config,
)
from ocr_backend.system.basic_credentials import Credentials

TASK = {"id": 1, "data": {"image": "a.png"}}


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_label_studios_request_is_understood() -> None:
    sent = body(
        tasks=[{**TASK, "meta": {}, "annotations": []}, {"data": {}}],
        project="1.1795397926",
        label_config="<View/>",
        params={"login": None, "password": None, "context": None},
    )
    tasks = (Task(1, {"image": "a.png"}), Task(None, {}))
    assert predict_request(sent, 10) == PredictRequest(tasks, "<View/>", None)


@pytest.mark.parametrize("params", [None, {}, {"context": None}, {"login": "x"}], ids=str)
def test_without_a_context_whole_images_are_wanted(params: object) -> None:
    assert predict_request(body(tasks=[TASK], params=params), 1).context is None


@pytest.mark.parametrize(
    ("params", "credentials"),
    [
        pytest.param({"login": "me", "password": "p:ä"}, Credentials("me", "p:ä"), id="both"),
        pytest.param({"login": "me", "password": None}, Credentials("me", ""), id="no password"),
        pytest.param({"login": "", "password": "x"}, None, id="no user"),
        pytest.param({"login": None, "password": None}, None, id="null"),
        pytest.param({}, None, id="missing"),
        pytest.param(None, None, id="no params"),
    ],
)
def test_a_projects_credentials_for_hosts_of_images_come_along(
    params: object, credentials: Credentials | None
) -> None:
    assert predict_request(body(tasks=[TASK], params=params), 1).credentials == credentials


@pytest.mark.parametrize("context", [{}, {"result": []}, {"result": [1]}], ids=str)
def test_a_context_is_what_was_drawn(context: dict) -> None:
    assert predict_request(body(tasks=[TASK], params={"context": context}), 1).context == context


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        pytest.param(b"", "the body is not JSON; a JSON object is needed", id="empty"),
        pytest.param(b"{", "the body is not JSON", id="cut off"),
        pytest.param(b"\xff\xfe{}", "the body is not JSON", id="no UTF-8"),
        pytest.param(b"[" * 100_000, "the body is not JSON", id="deep"),
        pytest.param(b"[]", "the body is an empty list; a JSON object is needed", id="list"),
        pytest.param(b"7", "the body is a number", id="number"),
        pytest.param(b"null", "the body is missing or null", id="null"),
        pytest.param(
            body(), '"tasks" is missing or null; it must be a list of at least one task', id="no tasks"
        ),
        pytest.param(body(tasks=[]), '"tasks" is an empty list', id="empty tasks"),
        pytest.param(body(tasks={"0": TASK}), '"tasks" is an object', id="tasks as object"),
        pytest.param(body(tasks="x"), '"tasks" is a text', id="tasks as text"),
        pytest.param(
            body(tasks=[TASK, 3]), r'"tasks"\[1\] is a number; each task must be an object', id="task"
        ),
        pytest.param(body(tasks=[{"id": 1}]), r'"tasks"\[0\]\["data"\] is missing or null', id="no data"),
        pytest.param(body(tasks=[{"data": [1]}]), r'"tasks"\[0\]\["data"\] is a list', id="data as list"),
        pytest.param(body(tasks=[TASK] * 4), '"tasks" has 4 tasks; at most 3 .*OCR_MAX_TASKS', id="too many"),
        pytest.param(body(tasks=[TASK], label_config=3), '"label_config" is a number', id="config"),
        pytest.param(body(tasks=[TASK], params=[1]), '"params" is a list', id="params"),
        pytest.param(
            body(tasks=[TASK], params={"login": 7}), '"login"] is a number; it must be a text', id="login"
        ),
        pytest.param(
            body(tasks=[TASK], params={"login": "me", "password": ["secret"]}),
            r'^"params"\["password"\] is a list; it must be a text or null$',
            id="password",
        ),
        pytest.param(
            body(tasks=[TASK], params={"context": True}), '"context"] is true or false', id="context"
        ),
        pytest.param(
            body(tasks=[TASK], params={"context": {"result": {}}}), "must be a list of regions", id="result"
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(sent: bytes, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence) as refused:
        predict_request(sent, 3)
    assert refused.value.status == 400


def test_the_configuration_of_a_setup_is_its_schema() -> None:
    assert setup_config(body(schema="<View/>", project="1.1", access_token="secret")) == "<View/>"
    assert setup_config(b"{}") == ""
    with pytest.raises(RequestError, match='"schema" is an object'):
        setup_config(body(schema={}))


def test_an_id_that_is_neither_number_nor_text_is_none() -> None:
    assert predict_request(body(tasks=[{"id": {}, "data": {}}]), 1).tasks == (Task(None, {}),)


def test_a_json_object_is_given_back() -> None:
    assert json_object(b'{"a": [1, null]}') == {"a": [1, None]}


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999"])
def test_a_number_that_json_cannot_write_is_refused(number: bytes) -> None:
    with pytest.raises(RequestError, match="the body is not JSON"):
        json_object(b'{"tasks": ' + number + b"}")


def test_a_drawing_may_be_nested_as_deeply_as_it_can_be_written_back() -> None:
    def nested(levels: int) -> dict:
        return {"context": json.loads('{"result":[' * levels + "]}" * levels)}

    assert predict_request(body(tasks=[TASK], params=nested(50)), 3).context == nested(50)["context"]
    with pytest.raises(RequestError, match="nested more than 100 levels deep"):
        predict_request(body(tasks=[TASK], params=nested(51)), 3)
