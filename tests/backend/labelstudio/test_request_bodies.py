import json

import pytest

from ocr_backend.errors import RequestError
from ocr_backend.labelstudio.request_bodies import (
    PredictRequest,
    Task,
    parse_json_object,
    parse_predict_request,
    parse_setup_request,
)
from ocr_backend.system.basic_credentials import Credentials

TASK = {"id": 1, "data": {"image": "a.png"}}


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_a_request_of_label_studio_is_parsed() -> None:
    sent = body(
        tasks=[{**TASK, "meta": {}, "annotations": []}, {"data": {}}],
        project="1.1795397926",
        label_config="<View/>",
        params={"login": None, "password": None, "context": None},
    )
    tasks = (Task(1, {"image": "a.png"}), Task(None, {}))
    assert parse_predict_request(sent, 10) == PredictRequest(tasks, "<View/>")


@pytest.mark.parametrize("params", [None, {}, {"context": None}, {"login": "x"}], ids=str)
def test_without_a_context_predictions_are_for_whole_images(params: object) -> None:
    assert parse_predict_request(body(tasks=[TASK], params=params), 1).context is None


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
def test_the_projects_credentials_are_part_of_the_request(
    params: object, credentials: Credentials | None
) -> None:
    assert parse_predict_request(body(tasks=[TASK], params=params), 1).credentials == credentials


@pytest.mark.parametrize("context", [{}, {"result": []}, {"result": [1]}], ids=str)
def test_a_context_makes_an_interactive_request(context: dict) -> None:
    assert parse_predict_request(body(tasks=[TASK], params={"context": context}), 1).context == context


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        pytest.param(b"", "the body is not JSON; send a JSON object", id="empty"),
        pytest.param(b"{", "the body is not JSON", id="cut off"),
        pytest.param(b"\xff\xfe{}", "the body is not JSON", id="no UTF-8"),
        pytest.param(b"[" * 100_000, "the body has too many objects or lists", id="deep"),
        pytest.param(b"[]", "the body is an empty list; send a JSON object", id="list"),
        pytest.param(b"7", "the body is a number", id="number"),
        pytest.param(b"null", "the body is missing or null", id="null"),
        pytest.param(
            body(), '"tasks" is missing or null; it must be a list of at least one task', id="no tasks"
        ),
        pytest.param(body(tasks=[]), '"tasks" is an empty list', id="empty tasks"),
        pytest.param(body(tasks={"0": TASK}), '"tasks" is an object', id="tasks as object"),
        pytest.param(body(tasks="x"), '"tasks" is a string', id="tasks as string"),
        pytest.param(body(tasks=[TASK] * 4), '"tasks" has 4 tasks; at most 3 .*OCR_MAX_TASKS', id="too many"),
        pytest.param(body(tasks=[TASK], label_config=3), '"label_config" is a number', id="config"),
        pytest.param(body(tasks=[TASK], params=[1]), '"params" is a list', id="params"),
        pytest.param(
            body(tasks=[TASK], params={"login": 7}), '"login"] is a number; it must be a string', id="login"
        ),
        pytest.param(
            body(tasks=[TASK], params={"login": "me", "password": ["secret"]}),
            r'^"params"\["password"\] is a list; it must be a string or null$',
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
def test_an_invalid_request_is_refused_with_a_reason(sent: bytes, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        parse_predict_request(sent, 3)
    assert caught.value.status == 400


def test_the_schema_of_a_setup_request_is_its_label_config() -> None:
    assert parse_setup_request(body(schema="<View/>", project="1.1", access_token="secret")) == "<View/>"
    assert parse_setup_request(b"{}") == ""
    with pytest.raises(RequestError, match='"schema" is an object'):
        parse_setup_request(body(schema={}))


def test_a_task_id_that_is_neither_a_number_nor_a_string_is_none() -> None:
    assert parse_predict_request(body(tasks=[{"id": {}, "data": {}}]), 1).tasks == (Task(None, {}),)


def test_a_json_object_is_parsed() -> None:
    assert parse_json_object(b'{"a": [1, null]}') == {"a": [1, None]}


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"9" * 5000])
def test_a_number_that_cannot_be_represented_is_null(number: bytes) -> None:
    assert parse_json_object(b'{"a": [1.5, ' + number + b"]}") == {"a": [1.5, None]}


@pytest.mark.parametrize(
    ("task", "problem"),
    [
        (3, '"tasks"[1] is a number; each task must be an object'),
        (None, '"tasks"[1] is missing or null; each task must be an object'),
        ({"id": 1}, '"tasks"[1]["data"] is missing or null'),
        ({"data": [1]}, '"tasks"[1]["data"] is a list'),
    ],
    ids=str,
)
def test_a_task_without_valid_data_does_not_affect_the_others(task: object, problem: str) -> None:
    good, bad = parse_predict_request(body(tasks=[TASK, task]), 3).tasks
    assert (good, bad.data) == (Task(1, {"image": "a.png"}), {})
    assert bad.problem.startswith(problem)


def test_a_context_may_be_nested_100_levels_deep() -> None:
    def nested(levels: int) -> dict:
        return {"context": json.loads('{"result":[' * levels + "]}" * levels)}

    assert parse_predict_request(body(tasks=[TASK], params=nested(50)), 3).context == nested(50)["context"]
    with pytest.raises(RequestError, match="nested more than 100 levels deep"):
        parse_predict_request(body(tasks=[TASK], params=nested(51)), 3)
