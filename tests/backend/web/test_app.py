import base64
import json
import logging
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fake_reader import FakeReader, line
from ocr_backend.pipeline.worker import Worker
from ocr_backend.web.app import create_app
from scripted_server import ScriptedServer

WITHOUT_TEXT = '<View><Image name="i" value="$image"/><RectangleLabels name="r" toName="i"/></View>'
LABELS_WITHOUT_TEXT = (
    '<View><Image name="i" value="$image"/><TextArea name="t" toName="i"/>'
    '<RectangleLabels name="r" toName="i"><Label value="A"/><Label value="B"/></RectangleLabels></View>'
)


def tasks(*urls: str) -> dict[str, Any]:
    return {"tasks": [{"id": number, "data": {"image": url}} for number, url in enumerate(urls, 1)]}


def drawn(url: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {**tasks(url), "params": {"context": {"result": list(items)}}}


BOX = {
    "id": "DRAWN1",
    "type": "rectangle",
    "from_name": "bbox",
    "to_name": "image",
    "value": {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0},
}


class TestPredict:
    def test_each_task_has_a_prediction_and_those_that_fail_an_empty_list(
        self, make_client, web, png
    ) -> None:
        client = make_client(FakeReader(lambda image: [line("word", 0.75)]))
        good = web.serve("/a.png", png())
        answer = client.post("/predict", json=tasks(good, web.url + "/missing.png?token=secret", good))
        assert answer.status_code == 200
        first, second, third = answer.json["results"]
        assert [item["type"] for item in first["result"]] == ["rectangle", "labels", "textarea"]
        assert (second, third["score"]) == ([], 0.75)
        assert first["model_version"] == third["model_version"] == client.get("/versions").json["versions"][0]
        assert answer.json["unread"] == [
            {"task": 2, "outcome": "unreachable", "reason": f"{web.url}/missing.png answered 404"}
        ]

    def test_an_image_without_text_is_an_empty_result(self, make_client, web, png) -> None:
        answer = make_client(FakeReader(lambda image: [])).post(
            "/predict", json=tasks(web.serve("/a.png", png()))
        )
        (only,) = answer.json["results"]
        assert (only["result"], answer.json["unread"]) == ([], [])

    def test_a_label_that_the_config_lacks_is_warned_of_in_answer_and_log(
        self, make_client, web, png, caplog
    ) -> None:
        body = {**tasks(web.serve("/a.png", png())), "label_config": LABELS_WITHOUT_TEXT}
        answer = make_client().post("/predict", json=body)
        (warning,) = answer.json["warnings"]
        assert "set PREDICTED_LABEL" in warning
        assert warning in make_client().post("/setup", json={"schema": LABELS_WITHOUT_TEXT}).json["warnings"]
        assert warning in caplog.text

    def test_a_drawn_box_comes_back_with_its_text(self, make_client, web, png) -> None:
        answer = make_client().post("/predict", json=drawn(web.serve("/a.png", png()), BOX))
        (only,) = answer.json["results"]
        assert only["result"][0] == BOX
        assert only["result"][1]["value"]["text"] == ["text"]
        assert only["result"][1]["id"] == "DRAWN1"

    @pytest.mark.parametrize("context", [{}, {"result": []}], ids=str)
    def test_nothing_drawn_is_answered_with_an_empty_result(self, make_client, web, context) -> None:
        body = {**tasks(web.url + "/missing.png"), "params": {"context": context}}
        (only,) = make_client().post("/predict", json=body).json["results"]
        assert only["result"] == []
        assert web.asked == []

    def test_a_drawn_box_in_an_image_that_cannot_be_read_is_answered_with_an_object(
        self, make_client, web
    ) -> None:
        answer = make_client().post("/predict", json=drawn(web.url + "/missing.png", BOX))
        assert answer.json["results"] == [{"result": []}]
        assert answer.json["unread"][0]["outcome"] == "unreachable"

    def test_several_tasks_with_a_context_have_as_many_answers(self, make_client, web, png) -> None:
        body = {**drawn(web.serve("/a.png", png()), BOX)}
        body["tasks"] = body["tasks"] * 3
        results = make_client().post("/predict", json=body).json["results"]
        assert [bool(result["result"]) for result in results] == [True, False, False]

    def test_what_is_not_read_by_the_deadline_is_an_empty_list(self, make_client, web, png) -> None:
        gate = threading.Event()

        def look(image: Any) -> list:
            gate.wait(30)
            return [line("late")]

        client = make_client(FakeReader(look), predict_timeout_seconds=1)
        try:
            answer = client.post("/predict", json=tasks(*[web.serve("/a.png", png())] * 5))
        finally:
            gate.set()
        assert answer.json["results"] == [[]] * 5
        assert {one["outcome"] for one in answer.json["unread"]} == {"late"}

    def test_more_requests_than_may_wait_are_refused(self, make_worker, web, png) -> None:
        worker = make_worker(FakeReader(), most_requests=1)
        client = create_app(worker).test_client()
        with worker.admitted():
            answer = client.post("/predict", json=tasks("x"))
        assert answer.status_code == 503
        assert answer.json["detail"].startswith("too many requests wait already")
        assert client.post("/predict", json=tasks(web.serve("/a.png", png()))).status_code == 200


class TestSetup:
    def test_the_version_is_that_of_the_predictions(self, make_client, web, png) -> None:
        client = make_client()
        sent = {
            "project": "1.1",
            "schema": "",
            "hostname": "http://localhost:8080",
            "access_token": "t",
            "x": 1,
        }
        version = client.post("/setup", json=sent).json["model_version"]
        (only,) = client.post("/predict", json=tasks(web.serve("/a.png", png()))).json["results"]
        assert only["model_version"] == version

    def test_two_replicas_have_the_same_version(self, make_client) -> None:
        one, other = (make_client(threads=threads).post("/setup", json={}).json for threads in (1, 7))
        assert one == other

    def test_no_body_is_logged(self, make_client, caplog) -> None:
        caplog.set_level(logging.DEBUG)
        make_client().post("/setup", json={"access_token": "secret-token", "schema": "", "hostname": "h"})
        make_client().post("/setup", data=b'{"access_token": "secret-token"')
        assert "secret-token" not in caplog.text

    @pytest.mark.parametrize("path", ["/setup", "/predict"])
    def test_a_config_without_the_needed_tags_is_refused_in_the_status_line_too(
        self, make_client, path
    ) -> None:
        answer = make_client().post(
            path, json={"schema": WITHOUT_TEXT, "label_config": WITHOUT_TEXT, **tasks("x")}
        )
        assert answer.status.startswith(
            "400 the labelling configuration has no TextArea for the image; needed are"
        )
        assert answer.json["detail"].startswith("the labelling configuration has no TextArea")

    def test_a_status_line_cannot_be_broken_out_of(self, make_client) -> None:
        config = '<View><Image name="&#10;&#13;X: ü" value="$image"/></View>'.replace('value="$image"', "")
        answer = make_client().post("/setup", json={"schema": config})
        assert answer.status_code == 400
        assert answer.status.isprintable()
        assert answer.status.isascii()


class TestHealth:
    @pytest.mark.parametrize("path", ["/health", "/"])
    def test_a_loaded_backend_is_up(self, make_client, path) -> None:
        answer = make_client().get(path)
        assert (answer.status_code, answer.data) == (200, b'{"status":"UP"}\n')

    def test_before_the_models_are_loaded_only_the_process_is_alive(self, make_worker) -> None:
        worker = make_worker(FakeReader(), is_loaded=False)
        client = create_app(worker).test_client()
        asked = [client.get(path) for path in ("/health", "/", "/readyz", "/versions")]
        asked += [client.post("/setup", json={}), client.post("/predict", json=tasks("x"))]
        assert [answer.status_code for answer in asked] == [503] * 6
        assert all(answer.json["detail"] for answer in asked)
        assert client.get("/livez").status_code == client.get("/metrics").status_code == 200
        worker.load()
        assert client.get("/readyz").json == {"status": "READY", "workers": 1}
        assert client.get("/health").status_code == 200

    def test_a_stopping_worker_is_not_ready_but_up(self, make_worker) -> None:
        worker = make_worker(FakeReader())
        client = create_app(worker).test_client()
        worker.stop()
        assert [client.get(path).status_code for path in ("/readyz", "/health", "/livez")] == [503, 200, 200]

    def test_a_pod_is_ready_when_all_its_workers_are(self, make_worker) -> None:
        ready = [1]
        client = create_app(make_worker(FakeReader(), workers=2), lambda: ready[0]).test_client()
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json["detail"]) == (
            503,
            "1 of 2 workers have loaded and tried their models",
        )
        ready[0] = 2
        assert client.get("/readyz").status_code == 200

    def test_a_stuck_worker_is_not_alive(self, make_worker, monkeypatch) -> None:
        client = create_app(make_worker(FakeReader())).test_client()
        assert client.get("/livez").status_code == 200
        monkeypatch.setattr(Worker, "is_stuck", True)
        assert client.get("/livez").status_code == 503


class TestWebhook:
    @pytest.mark.parametrize("action", ["START_TRAINING", "ANNOTATION_CREATED", "ANNOTATION_UPDATED"])
    def test_training_events_are_taken_note_of(self, make_client, action) -> None:
        answer = make_client().post("/webhook", json={"action": action, "project": {}})
        assert (answer.status_code, answer.json) == (201, {"status": "ok"})

    @pytest.mark.parametrize("body", [{"action": "TASKS_CREATED"}, {"action": ["x"]}, {}], ids=str)
    def test_other_events_are_unknown_and_well(self, make_client, body) -> None:
        answer = make_client().post("/webhook", json=body)
        assert (answer.status_code, answer.json) == (200, {"status": "Unknown event"})


class TestPassword:
    @staticmethod
    def basic(pair: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    @pytest.fixture
    def client(self, make_client: Callable[..., Any]) -> Any:
        return make_client(basic_auth_user="ocr", basic_auth_pass="right")

    def test_the_right_one_is_taken(self, client) -> None:
        for answer in (
            client.post("/setup", json={}, headers=self.basic("ocr:right")),
            client.get("/health", headers=self.basic("ocr:right")),
            client.get("/health"),
        ):
            assert answer.status_code == 200

    def test_a_wrong_or_missing_one_is_refused(self, client) -> None:
        for answer in (
            client.get("/health", headers=self.basic("ocr:wrong")),
            client.post("/setup", json={}, headers=self.basic("ocr:wrong")),
            client.post("/setup", json={}),
            client.post("/predict", data=b"not looked at"),
            client.post("/webhook", json={}),
            client.get("/versions"),
            client.get("/unknown"),
        ):
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == 'Basic realm="ocr-backend"'
            assert answer.json["status"] == 401

    def test_probes_need_none(self, client) -> None:
        for path in ("/livez", "/readyz", "/metrics"):
            assert client.get(path, headers=self.basic("ocr:wrong")).status_code == 200


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "body", "status", "detail"),
        [
            pytest.param(
                "POST", "/predict", b"{", 400, "the body is not JSON; a JSON object is needed", id="JSON"
            ),
            pytest.param(
                "POST", "/predict", b"{}", 400, '"tasks" is missing or null; it must be', id="no tasks"
            ),
            pytest.param(
                "POST", "/predict", b'{"tasks":[]}', 400, '"tasks" is an empty list', id="empty tasks"
            ),
            pytest.param(
                "POST", "/predict", b'{"tasks":[1]}', 400, '"tasks"[0] is a number', id="wrong type"
            ),
            pytest.param("POST", "/setup", b"[]", 400, "the body is an empty list", id="setup"),
            pytest.param("POST", "/webhook", b"x", 400, "the body is not JSON", id="webhook"),
            pytest.param("GET", "/predict", b"", 405, "/predict does not take GET; it takes", id="method"),
            pytest.param("POST", "/health", b"", 405, "/health does not take POST; it takes", id="method2"),
            pytest.param(
                "GET", "/nowhere", b"", 404, "there is no '/nowhere'; there are /, /health, /livez", id="404"
            ),
        ],
    )
    def test_what_is_wrong_is_said_as_json(self, make_client, method, path, body, status, detail) -> None:
        answer = make_client().open(path, method=method, data=body)
        assert answer.status_code == answer.json["status"] == status
        assert answer.json["detail"].startswith(detail)
        assert answer.json["id"] == answer.headers["X-Request-ID"]

    def test_a_body_that_is_too_large_is_refused_with_the_limit(self, make_client) -> None:
        answer = make_client(max_request_bytes=2000).post("/predict", data=b"x" * 2001)
        assert answer.status_code == 413
        assert answer.json["detail"] == "the request has more than 2000 bytes (OCR_MAX_REQUEST_BYTES)"

    def test_too_many_tasks_are_refused(self, make_client) -> None:
        answer = make_client(max_tasks=2).post("/predict", json=tasks("a", "b", "c"))
        assert (answer.status_code, "OCR_MAX_TASKS" in answer.json["detail"]) == (400, True)

    def test_an_error_of_our_own_shows_no_more_than_its_id(self, make_worker, monkeypatch, caplog) -> None:
        worker = make_worker(FakeReader())

        def fails(*_: object) -> None:
            raise ZeroDivisionError("in /secret/path.py")

        monkeypatch.setattr(worker.pipeline, "predictions", fails)
        answer = (
            create_app(worker)
            .test_client()
            .post("/predict", json=tasks("x"), headers={"X-Request-ID": "abc-1"})
        )
        assert answer.json == {
            "status": 500,
            "detail": "the backend failed; its log says why under the id of this answer",
            "id": "abc-1",
        }
        assert "in /secret/path.py" in caplog.text

    def test_a_sound_request_id_is_kept_and_another_replaced(self, make_client) -> None:
        client = make_client()
        assert (
            client.get("/health", headers={"X-Request-ID": "a1-b.c:d_e"}).headers["X-Request-ID"]
            == "a1-b.c:d_e"
        )
        for odd in ("", "a b", "x" * 65, "<script>"):
            given = client.get("/health", headers={"X-Request-ID": odd}).headers["X-Request-ID"]
            assert re.fullmatch("[0-9a-f]{12}", given)


class TestMetrics:
    @staticmethod
    def numbers(client: Any) -> dict[str, float]:
        lines = client.get("/metrics").text.splitlines()
        return {
            one.rpartition(" ")[0]: float(one.rpartition(" ")[2]) for one in lines if not one.startswith("#")
        }

    def test_requests_tasks_and_stages_are_counted(self, make_client, web: ScriptedServer, png) -> None:
        client = make_client(
            FakeReader(lambda image: [line("a", 0.95), line("b", 0.2)]), result_cache_lines=0
        )
        good, content = web.serve("/a.png", png(20, 10)), png(20, 10)
        client.post(
            "/predict", json=tasks(good, web.url + "/no", good, "ftp://x", web.serve("/b", b"broken"))
        )
        client.post("/predict", json={})
        client.get("/anything/else")
        told = self.numbers(client)
        assert told['ocr_requests_total{path="/predict",status="200"}'] == 1
        assert told['ocr_requests_total{path="/predict",status="400"}'] == 1
        assert told['ocr_requests_total{path="other",status="404"}'] == 1
        assert told['ocr_request_seconds_count{path="/predict"}'] == 2
        outcomes = {
            name: told[f'ocr_tasks_total{{outcome="{name}"}}'] for name in ("read", "unreachable", "refused")
        }
        assert outcomes == {"read": 2, "unreachable": 1, "refused": 1}
        assert told['ocr_tasks_total{outcome="broken"}'] == 1
        stages = {
            name: told[f'ocr_stage_seconds_count{{stage="{name}"}}'] for name in ("fetch", "decode", "read")
        }
        assert stages == {"fetch": 4, "decode": 3, "read": 2}
        assert told['ocr_image_bytes_sum{source="url"}'] == 2 * len(content) + len(b"broken")
        assert told["ocr_image_pixels_sum"] == 2 * 200
        assert told["ocr_image_lines_sum"] == 4
        assert told['ocr_line_score_bucket{le="0.5"}'] == 2

    def test_what_is_running_is_told(self, make_client) -> None:
        client = make_client(FakeReader(slots=3))
        told = self.numbers(client)
        (version,) = client.get("/versions").json["versions"]
        assert told[f'ocr_version_info{{model_version="{version}"}}'] == 1
        assert (
            told['ocr_model_info{digest="abababababab",engine="fake",name="fake_rec",part="recognition"}']
            == 1
        )
        assert (told["ocr_slots"], told["ocr_slots_busy"], told["ocr_workers_ready"]) == (3, 0, 1)
        assert told["ocr_load_seconds"] >= 0
        assert told["ocr_images_waiting"] == 0
        assert "process_resident_memory_bytes" in told

    def test_no_number_has_more_series_for_more_addresses(self, make_client) -> None:
        client = make_client()
        for number in range(50):
            client.get(f"/made-up/{number}")
        assert sum("made-up" in name or "other" in name for name in self.numbers(client)) < 20


def test_an_answer_is_json_that_says_so(make_client) -> None:
    answer = make_client().post("/setup", json={})
    assert answer.content_type == "application/json"
    assert list(json.loads(answer.data)) == ["model_version", "warnings"]
