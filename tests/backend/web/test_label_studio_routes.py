"""The routes for Label Studio: predict and setup."""

import json
import logging
import threading
from typing import Any

import pytest

from fake_reader import FakeReader, line
from ocr_backend.web.app import create_app
from predict_requests import box, tasks_body

WITHOUT_BOXES = '<View><Image name="i" value="$image"/><Labels name="r" toName="i"/></View>'
LABELS_WITHOUT_TEXT = (
    '<View><Image name="i" value="$image"/><TextArea name="t" toName="i"/>'
    '<RectangleLabels name="r" toName="i"><Label value="A"/><Label value="B"/></RectangleLabels></View>'
)


def interactive(url: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {**tasks_body(url), "params": {"context": {"result": list(items)}}}


class TestPredict:
    def test_each_task_has_a_prediction_or_an_empty_list_if_it_failed(self, make_client, web, png) -> None:
        client = make_client(FakeReader(lambda image: [line("word", 0.75)]))
        good = web.serve("/a.png", png())
        response = client.post("/predict", json=tasks_body(good, web.url + "/missing.png?token=secret", good))
        assert response.status_code == 200
        first, second, third = response.json["results"]
        assert [item["type"] for item in first["result"]] == ["rectangle", "labels", "textarea"]
        assert (second, third["score"]) == ([], 0.75)
        assert first["model_version"] == third["model_version"] == client.get("/versions").json["versions"][0]
        assert response.json["unread"] == [
            {"task": 2, "outcome": "unreachable", "reason": f"{web.url}/missing.png answered 404"}
        ]

    def test_a_task_with_odd_data_costs_only_itself(self, make_client, web, png) -> None:
        good = {"id": 1, "data": {"image": web.serve("/a.png", png())}}
        numbers = ("NaN", "1e999", "7", "null", "true", "[[]]", '{"a": NaN}')
        odd = [f'{{"id": 2, "data": {{"image": {number}}}}}' for number in numbers]
        odd += ["null", "[]", '{"id": 3}', '{"id": 4, "data": "x"}']
        body = f'{{"tasks": [{", ".join([json.dumps(good), *odd, json.dumps(good)])}]}}'
        response = make_client().post("/predict", data=body, content_type="application/json")
        results = response.json["results"]
        assert [bool(result) for result in results] == [True, *[False] * len(odd), True]
        assert {unread["outcome"] for unread in response.json["unread"]} == {"refused"}

    def test_an_image_without_text_has_an_empty_result(self, make_client, web, png) -> None:
        response = make_client(FakeReader(lambda image: [])).post(
            "/predict", json=tasks_body(web.serve("/a.png", png()))
        )
        (result,) = response.json["results"]
        assert (result["result"], response.json["unread"]) == ([], [])

    def test_a_missing_label_gives_a_warning_in_response_and_log(self, make_client, web, png, caplog) -> None:
        body = {**tasks_body(web.serve("/a.png", png())), "label_config": LABELS_WITHOUT_TEXT}
        response = make_client().post("/predict", json=body)
        (warning,) = response.json["warnings"]
        assert "set PREDICTED_LABEL" in warning
        assert warning in make_client().post("/setup", json={"schema": LABELS_WITHOUT_TEXT}).json["warnings"]
        assert warning in caplog.text

    def test_a_drawn_box_is_returned_with_its_text(self, make_client, web, png) -> None:
        response = make_client().post("/predict", json=interactive(web.serve("/a.png", png()), box()))
        (result,) = response.json["results"]
        assert result["result"][0] == box()
        assert result["result"][1]["value"]["text"] == ["text"]
        assert result["result"][1]["id"] == "DRAWN1"

    @pytest.mark.parametrize("context", [{}, {"result": []}], ids=str)
    def test_an_interactive_request_without_regions_has_an_empty_result(
        self, make_client, web, context
    ) -> None:
        body = {**tasks_body(web.url + "/missing.png"), "params": {"context": context}}
        (result,) = make_client().post("/predict", json=body).json["results"]
        assert result["result"] == []
        assert web.requests == []

    def test_a_drawn_box_in_an_image_that_cannot_be_read_has_an_empty_result(self, make_client, web) -> None:
        response = make_client().post("/predict", json=interactive(web.url + "/missing.png", box()))
        assert response.json["results"] == [{"result": []}]
        assert response.json["unread"][0]["outcome"] == "unreachable"

    def test_several_tasks_with_a_context_have_as_many_results(self, make_client, web, png) -> None:
        body = {**interactive(web.serve("/a.png", png()), box())}
        body["tasks"] = body["tasks"] * 3
        results = make_client().post("/predict", json=body).json["results"]
        assert [bool(result["result"]) for result in results] == [True, False, False]

    def test_a_task_that_is_not_read_by_the_deadline_has_an_empty_list(self, make_client, web, png) -> None:
        gate = threading.Event()

        def read(image: Any) -> list:
            gate.wait(30)
            return [line("late")]

        client = make_client(FakeReader(read), predict_timeout_seconds=1)
        try:
            response = client.post("/predict", json=tasks_body(*[web.serve("/a.png", png())] * 5))
        finally:
            gate.set()
        assert response.json["results"] == [[]] * 5
        assert {task["outcome"] for task in response.json["unread"]} == {"late"}

    def test_a_request_is_refused_if_too_many_are_waiting(self, make_worker, web, png) -> None:
        worker = make_worker(FakeReader(), max_requests=1)
        client = create_app(worker).test_client()
        with worker.admission():
            response = client.post("/predict", json=tasks_body("x"))
        assert response.status_code == 503
        assert response.json["detail"].startswith("too many requests are waiting")
        assert client.post("/predict", json=tasks_body(web.serve("/a.png", png()))).status_code == 200


class TestSetup:
    def test_setup_returns_the_version_of_the_predictions(self, make_client, web, png) -> None:
        client = make_client()
        setup_request = {
            "project": "1.1",
            "schema": "",
            "hostname": "http://localhost:8080",
            "access_token": "t",
            "x": 1,
        }
        version = client.post("/setup", json=setup_request).json["model_version"]
        (result,) = client.post("/predict", json=tasks_body(web.serve("/a.png", png()))).json["results"]
        assert result["model_version"] == version

    def test_two_replicas_have_the_same_version(self, make_client) -> None:
        first, second = (make_client(threads=threads).post("/setup", json={}).json for threads in (1, 7))
        assert first == second

    def test_the_body_is_not_logged(self, make_client, caplog) -> None:
        caplog.set_level(logging.DEBUG)
        make_client().post("/setup", json={"access_token": "secret-token", "schema": "", "hostname": "h"})
        make_client().post("/setup", data=b'{"access_token": "secret-token"', content_type="application/json")
        assert "secret-token" not in caplog.text

    @pytest.mark.parametrize("path", ["/setup", "/predict"])
    def test_a_label_config_without_required_tags_is_refused_with_the_reason_in_the_status_line(
        self, make_client, path
    ) -> None:
        response = make_client().post(
            path, json={"schema": WITHOUT_BOXES, "label_config": WITHOUT_BOXES, **tasks_body("x")}
        )
        assert response.status.startswith(
            "400 the label config has no tag that draws boxes on the image; it needs"
        )
        assert response.json["detail"].startswith("the label config has no tag that draws")

    @pytest.mark.parametrize("config", ["", "<View></View>"])
    def test_an_empty_label_config_connects_with_a_warning(self, make_client, config) -> None:
        response = make_client().post("/setup", json={"schema": config})
        assert response.status_code == 200
        assert response.json["warnings"][0].startswith("the label config is empty")

    def test_names_of_a_label_config_are_no_html_in_the_status_line(self, make_client) -> None:
        config = (
            '<View><Image name="i" value="$image"/><TextArea name="t" toName="i"/>'
            '<Rectangle name="&lt;img src=x onerror=alert(1)&gt;" toName="i"/></View>'
        )
        response = make_client(bbox_from_name="box").post("/setup", json={"schema": config})
        assert response.status.startswith("400 BBOX_FROM_NAME is 'box'")
        assert "img src=x" in response.status
        assert not set("<>&") & set(response.status)

    def test_a_message_cannot_inject_into_the_status_line(self, make_client) -> None:
        config = '<View><Image name="&#10;&#13;X: ü" value="$image"/></View>'.replace('value="$image"', "")
        response = make_client().post("/setup", json={"schema": config})
        assert response.status_code == 400
        assert response.status.isprintable()
        assert response.status.isascii()
