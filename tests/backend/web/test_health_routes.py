"""The routes for health checks."""

import pytest

from fake_reader import FakeReader
from ocr_backend.pipeline.worker import Worker
from ocr_backend.web.app import create_app
from predict_requests import tasks_body


class TestHealth:
    @pytest.mark.parametrize("path", ["/health", "/"])
    def test_a_loaded_backend_is_up(self, make_client, path) -> None:
        response = make_client().get(path)
        assert (response.status_code, response.data) == (200, b'{"status":"UP"}\n')

    def test_while_the_models_are_loading_only_livez_and_metrics_succeed(self, make_worker) -> None:
        worker = make_worker(FakeReader(), is_loaded=False)
        client = create_app(worker).test_client()
        responses = [client.get(path) for path in ("/health", "/", "/readyz", "/versions")]
        responses += [client.post("/setup", json={}), client.post("/predict", json=tasks_body("x"))]
        assert [response.status_code for response in responses] == [503] * 6
        assert all(response.json["detail"] for response in responses)
        assert client.get("/livez").status_code == client.get("/metrics").status_code == 200
        worker.load()
        assert client.get("/readyz").json == {"status": "READY", "workers": 1}
        assert client.get("/health").status_code == 200

    def test_a_stopping_worker_is_not_ready_but_healthy(self, make_worker) -> None:
        worker = make_worker(FakeReader())
        client = create_app(worker).test_client()
        worker.stop()
        assert [client.get(path).status_code for path in ("/readyz", "/health", "/livez")] == [503, 200, 200]

    def test_a_pod_is_ready_when_all_its_workers_are_ready(self, make_worker) -> None:
        ready = [1]
        client = create_app(make_worker(FakeReader(), workers=2), lambda: ready[0]).test_client()
        response = client.get("/readyz")
        assert (response.status_code, response.json["detail"]) == (
            503,
            "1 of 2 workers have loaded their models and read the golden sample",
        )
        ready[0] = 2
        assert client.get("/readyz").status_code == 200

    def test_a_stuck_worker_is_not_alive(self, make_worker, monkeypatch) -> None:
        client = create_app(make_worker(FakeReader())).test_client()
        assert client.get("/livez").status_code == 200
        monkeypatch.setattr(Worker, "is_stuck", True)
        response = client.get("/livez")
        assert (response.status_code, response.json["detail"]) == (
            503,
            "a worker thread has been blocked for more than 600 s; restart this process",
        )

    def test_a_stuck_worker_fails_the_probes_of_the_others_too(self, make_worker) -> None:
        client = create_app(make_worker(FakeReader()), has_stuck_worker=lambda: True).test_client()
        assert client.get("/livez").status_code == 503
