"""Authentication, errors and request ids of all routes."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from fake_reader import FakeReader
from ocr_backend.web.app import create_app
from predict_requests import tasks_body


class TestAuthentication:
    @staticmethod
    def basic(pair: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    @pytest.fixture
    def client(self, make_client: Callable[..., Any]) -> Any:
        return make_client(basic_auth_user="ocr", basic_auth_pass="right")

    def test_the_right_password_is_accepted(self, client) -> None:
        for response in (
            client.post("/setup", json={}, headers=self.basic("ocr:right")),
            client.get("/health", headers=self.basic("ocr:right")),
            client.get("/health"),
        ):
            assert response.status_code == 200

    def test_a_wrong_or_missing_password_is_refused(self, client) -> None:
        for response in (
            client.get("/health", headers=self.basic("ocr:wrong")),
            client.post("/setup", json={}, headers=self.basic("ocr:wrong")),
            client.post("/setup", json={}),
            client.post("/predict", data=b"not parsed"),
            client.post("/webhook", json={}),
            client.get("/versions"),
            client.get("/unknown"),
        ):
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == 'Basic realm="ocr-backend"'
            assert response.json["status"] == 401

    def test_probes_need_no_password(self, client) -> None:
        for path in ("/livez", "/readyz", "/metrics"):
            assert client.get(path, headers=self.basic("ocr:wrong")).status_code == 200


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "body", "status", "detail"),
        [
            pytest.param(
                "POST", "/predict", b"{", 400, "the body is not JSON; send a JSON object", id="JSON"
            ),
            pytest.param(
                "POST", "/predict", b"{}", 400, '"tasks" is missing or null; it must be', id="no tasks"
            ),
            pytest.param(
                "POST", "/predict", b'{"tasks":[]}', 400, '"tasks" is an empty list', id="empty tasks"
            ),
            pytest.param("POST", "/setup", b"[]", 400, "the body is an empty list", id="setup"),
            pytest.param("POST", "/webhook", b"x", 400, "the body is not JSON", id="webhook"),
            pytest.param("GET", "/predict", b"", 405, "/predict does not allow GET; use", id="method"),
            pytest.param("POST", "/health", b"", 405, "/health does not allow POST; use", id="method2"),
            pytest.param(
                "GET",
                "/nowhere",
                b"",
                404,
                "there is no '/nowhere'; available paths: /, /health, /livez",
                id="404",
            ),
        ],
    )
    def test_an_error_is_json_with_status_detail_and_id(
        self, make_client, method, path, body, status, detail
    ) -> None:
        response = make_client().open(path, method=method, data=body, content_type="application/json")
        assert response.status_code == response.json["status"] == status
        assert response.json["detail"].startswith(detail)
        assert response.json["id"] == response.headers["X-Request-ID"]

    def test_a_body_over_the_limit_is_refused_with_the_limit(self, make_client) -> None:
        response = make_client(max_request_bytes=2000).post(
            "/predict", data=b"x" * 2001, content_type="application/json"
        )
        assert response.status_code == 413
        assert response.json["detail"] == "the request has more than 2000 bytes (OCR_MAX_REQUEST_BYTES)"

    def test_too_many_tasks_are_refused(self, make_client) -> None:
        response = make_client(max_tasks=2).post("/predict", json=tasks_body("a", "b", "c"))
        assert (response.status_code, "OCR_MAX_TASKS" in response.json["detail"]) == (400, True)

    def test_an_unexpected_error_returns_only_its_id(self, make_worker, monkeypatch, caplog) -> None:
        worker = make_worker(FakeReader())

        def fail(*_: object) -> None:
            raise ZeroDivisionError("in /secret/path.py")

        monkeypatch.setattr(worker.predictor, "predict", fail)
        response = (
            create_app(worker)
            .test_client()
            .post("/predict", json=tasks_body("x"), headers={"X-Request-ID": "abc-1"})
        )
        assert response.json == {
            "status": 500,
            "detail": "the backend failed; search its log for the id of this response",
            "id": "abc-1",
        }
        assert "in /secret/path.py" in caplog.text

    def test_a_valid_request_id_is_returned_and_an_invalid_one_replaced(self, make_client) -> None:
        client = make_client()
        assert (
            client.get("/health", headers={"X-Request-ID": "a1-b.c:d_e"}).headers["X-Request-ID"]
            == "a1-b.c:d_e"
        )
        for invalid in ("", "a b", "x" * 65, "<script>"):
            request_id = client.get("/health", headers={"X-Request-ID": invalid}).headers["X-Request-ID"]
            assert re.fullmatch("[0-9a-f]{12}", request_id)


def test_a_response_has_the_content_type_of_json(make_client) -> None:
    response = make_client().post("/setup", json={})
    assert response.content_type == "application/json"
    assert list(json.loads(response.data)) == ["model_version", "warnings"]
