"""The route for Label Studio's events."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from annotation_events import Json, created, edited, predicted, region
from fake_reader import FakeReader
from metric_samples import metric_samples
from ocr_backend.web.app import create_app


def lines(client: Any) -> dict[str, float]:
    """Lines by outcome and model version, without zeros."""
    samples = metric_samples(client.get("/metrics").text)
    return {
        name.partition("{")[2].rstrip("}").replace('"', ""): value
        for name, value in samples.items()
        if name.startswith("ocr_annotated_lines_total") and value
    }


def annotations(client: Any) -> dict[str, float]:
    samples = metric_samples(client.get("/metrics").text)
    return {
        name.partition('"')[2].rstrip('"}'): value
        for name, value in samples.items()
        if name.startswith("ocr_annotations_total")
    }


@pytest.fixture
def submitted() -> Any:
    """`submitted(version)`: the event of an annotation with an accepted, a changed and a drawn line."""

    def event(version: str) -> Json:
        accepted, misread = predicted(1, version, "abc"), predicted(2, version, "ahc")
        return created(accepted, edited(misread, "abd"), region("DRAWN1", "Signed", "manual"))

    return event


def test_the_lines_of_an_annotation_are_counted_once(make_client, submitted) -> None:
    client = make_client()
    (version,) = client.get("/versions").json["versions"]
    event = submitted(version)
    for action in ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_UPDATED"):
        assert client.post("/webhook", json={**event, "action": action}).status_code == 201
    assert lines(client) == {
        f"model_version={version},outcome={outcome}": 1 for outcome in ("accepted", "changed", "added")
    }
    assert annotations(client) == {"created": 1, "updated": 2}


def test_annotations_made_in_bulk_are_counted(make_client) -> None:
    client = make_client()
    annotation = created(predicted(1, "v", "abc"))["annotation"]
    client.post("/webhook", json={"action": "ANNOTATIONS_CREATED", "annotation": [annotation] * 3})
    assert list(lines(client).values()) == [3]
    assert annotations(client) == {"created": 3}


def test_skipped_tasks_do_not_count(make_client) -> None:
    client = make_client()
    client.post("/webhook", json=created(predicted(1, "v", "abc"), was_cancelled=True))
    assert (lines(client), annotations(client)) == ({}, {"created": 0})


def test_unknown_versions_add_no_series(make_client) -> None:
    client = make_client()
    for number in range(20):
        client.post("/webhook", json=created(predicted(1, f"version {number}", "abc")))
    assert list(lines(client).values()) == [20]


def test_the_share_of_changed_lines_starts_at_zero(make_client) -> None:
    client = make_client()
    (version,) = client.get("/versions").json["versions"]
    text = client.get("/metrics").text
    for outcome in ("accepted", "changed"):
        sample = f'ocr_annotated_lines_total{{model_version="{version}",outcome="{outcome}"}}'
        assert metric_samples(text)[sample] == 0


def test_start_training_says_that_nothing_is_trained(make_client, caplog) -> None:
    client = make_client()
    with caplog.at_level(logging.INFO):
        response = client.post("/webhook", json={"action": "START_TRAINING", "project": {"id": 1}})
    assert (response.status_code, response.json["status"]) == (201, "ok")
    assert "trains nothing" in response.json["message"]
    assert "docs/custom-models.md" in response.json["message"]
    assert response.json["message"] in caplog.text


@pytest.mark.parametrize(
    ("action", "status"),
    [("TASKS_CREATED", "ignored"), ("PROJECT_UPDATED", "ignored"), ("SOMETHING_NEW", "Unknown event")],
)
def test_an_event_that_is_not_used_is_answered_with_200(make_client, action: str, status: str) -> None:
    response = make_client().post("/webhook", json={"action": action, "project": {"id": 1}})
    assert (response.status_code, response.json) == (200, {"status": status})


def test_an_invalid_event_is_refused_and_counts_nothing(make_client) -> None:
    client = make_client()
    response = client.post("/webhook", json={"action": "ANNOTATION_CREATED", "annotation": {"result": "x"}})
    assert response.status_code == 400
    assert "must be a list of objects" in response.json["detail"]
    assert (lines(client), annotations(client)) == ({}, {})


def test_no_text_of_an_annotation_is_logged_or_exported(make_client, submitted, caplog) -> None:
    client = make_client()
    with caplog.at_level(logging.DEBUG):
        client.post("/webhook", json=submitted("v"))
    assert "Signed" not in caplog.text + client.get("/metrics").text


class TestNewTasks:
    """New tasks, if the server reads them."""

    EVENT: Json = {"action": "TASKS_CREATED", "project": {"id": 12}, "tasks": [{"id": 3}, {"id": 4}]}

    def test_they_are_read_later(self, make_worker) -> None:
        added = []

        def add(project: int, ids: Sequence[int]) -> bool:
            added.append((project, tuple(ids)))
            return True

        client = create_app(make_worker(FakeReader()), add_tasks=add).test_client()
        response = client.post("/webhook", json=self.EVENT)
        assert (response.status_code, response.json["message"]) == (202, "2 new tasks will be read")
        assert added == [(12, (3, 4))]

    def test_too_many_are_refused(self, make_worker) -> None:
        client = create_app(make_worker(FakeReader()), add_tasks=lambda project, ids: False).test_client()
        response = client.post("/webhook", json=self.EVENT)
        assert response.status_code == 503
        assert "use ocr-backend prelabel" in response.json["detail"]

    @pytest.mark.parametrize(
        ("fields", "detail"),
        [
            ({"tasks": None}, "names no project and tasks"),
            ({"project": None}, "names no project and tasks"),
            ({"project": {}}, '"project" has no "id"'),
            ({"tasks": [{"id": True}]}, 'an item of "tasks" has no "id"'),
        ],
        ids=str,
    )
    def test_an_event_without_ids_is_refused(self, make_worker, fields: Json, detail: str) -> None:
        client = create_app(make_worker(FakeReader()), add_tasks=lambda project, ids: True).test_client()
        response = client.post("/webhook", json={**self.EVENT, **fields})
        assert response.status_code == 400
        assert detail in response.json["detail"]
