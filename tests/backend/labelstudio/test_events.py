"""Events of Label Studio: what is taken from them, and which are refused."""

import json

import pytest

from annotation_events import created, region
from ocr_backend.errors import RequestError
from ocr_backend.labelstudio.events import Annotation, Event, parse_event

LINE = region("DRAWN1", "abc", "manual")


def parse(body: object) -> Event:
    return parse_event(json.dumps(body).encode())


def test_an_annotation_has_its_result_and_the_prediction_of_its_task() -> None:
    event = parse(created(LINE, prediction={"result": LINE[:1], "model_version": "v"}))
    assert event == Event("ANNOTATION_CREATED", (Annotation(LINE, LINE[:1], model_version="v"),))


def test_many_annotations_are_below_the_singular_key() -> None:
    annotations = [{"result": LINE, "prediction": None}, {"result": None, "was_cancelled": True}]
    event = parse({"action": "ANNOTATIONS_CREATED", "annotation": annotations})
    assert event.annotations == (Annotation(LINE), Annotation(is_skipped=True))


def test_deleted_annotations_are_counted() -> None:
    event = parse({"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 1}, {"id": 2}]})
    assert len(event.annotations) == 2


@pytest.mark.parametrize("action", ["ANNOTATION_CREATED", "ANNOTATIONS_DELETED", "TASKS_CREATED", "NEW"])
def test_an_event_needs_no_payload(action: str) -> None:
    assert parse({"action": action}) == Event(action)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "the body is an empty list"),
        ({}, '"action" is missing or null'),
        ({"action": ["x"]}, '"action" is a list'),
        ({"action": ""}, '"action" is a string'),
        ({"action": "ANNOTATION_CREATED", "annotation": 7}, '"annotation" is a number'),
        ({"action": "ANNOTATIONS_CREATED", "annotation": [7]}, 'an item of "annotation" is a number'),
        ({"action": "ANNOTATION_CREATED", "annotation": {"result": "x"}}, "must be a list of objects"),
        ({"action": "ANNOTATION_UPDATED", "annotation": {"result": [1]}}, "must be a list of objects"),
        (
            {"action": "ANNOTATION_CREATED", "annotation": {"prediction": {"result": 1}}},
            r'"prediction"\]\["result"\] must be a list of objects',
        ),
        ({"action": "ANNOTATIONS_DELETED", "annotations": "x"}, '"annotations" is a string'),
    ],
    ids=str,
)
def test_a_bad_event_is_refused(body: object, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse(body)
