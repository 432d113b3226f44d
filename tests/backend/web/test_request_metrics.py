"""The metrics of requests, tasks and models."""

from typing import Any

from fake_reader import FakeReader, line
from metric_samples import metric_samples
from predict_requests import tasks_body
from scripted_server import ScriptedServer


class TestMetrics:
    @staticmethod
    def samples(client: Any) -> dict[str, float]:
        return metric_samples(client.get("/metrics").text)

    def test_requests_tasks_and_stages_are_counted(self, make_client, web: ScriptedServer, png) -> None:
        client = make_client(
            FakeReader(lambda image: [line("a", 0.95), line("b", 0.2)]), result_cache_lines=0
        )
        good, content = web.serve("/a.png", png(20, 10)), png(20, 10)
        client.post(
            "/predict", json=tasks_body(good, web.url + "/no", good, "ftp://x", web.serve("/b", b"broken"))
        )
        client.post("/predict", json={})
        client.get("/anything/else")
        samples = self.samples(client)
        assert samples['ocr_requests_total{path="/predict",status="200"}'] == 1
        assert samples['ocr_requests_total{path="/predict",status="400"}'] == 1
        assert samples['ocr_requests_total{path="other",status="404"}'] == 1
        assert samples['ocr_request_seconds_count{path="/predict"}'] == 2
        outcomes = {
            name: samples[f'ocr_tasks_total{{outcome="{name}"}}']
            for name in ("read", "unreachable", "refused")
        }
        assert outcomes == {"read": 2, "unreachable": 1, "refused": 1}
        assert samples['ocr_tasks_total{outcome="broken"}'] == 1
        stages = {
            name: samples[f'ocr_stage_seconds_count{{stage="{name}"}}']
            for name in ("fetch", "decode", "read")
        }
        assert stages == {"fetch": 4, "decode": 2, "read": 2}
        assert samples['ocr_image_bytes_sum{source="url"}'] == 2 * len(content) + len(b"broken")
        assert samples["ocr_image_pixels_sum"] == 2 * 200
        assert samples["ocr_image_lines_sum"] == 4
        assert samples['ocr_line_score_bucket{le="0.5"}'] == 2

    def test_the_models_slots_and_version_are_reported(self, make_client) -> None:
        client = make_client(FakeReader(slots=3))
        samples = self.samples(client)
        (version,) = client.get("/versions").json["versions"]
        assert samples[f'ocr_version_info{{model_version="{version}"}}'] == 1
        assert (
            samples['ocr_model_info{digest="abababababab",engine="fake",name="fake_rec",role="recognition"}']
            == 1
        )
        assert (samples["ocr_slots"], samples["ocr_slots_busy"], samples["ocr_workers_ready"]) == (3, 0, 1)
        assert samples["ocr_load_seconds"] >= 0
        assert samples["ocr_images_waiting"] == 0
        assert "process_resident_memory_bytes" in samples

    def test_unknown_paths_do_not_add_series(self, make_client) -> None:
        client = make_client()
        for number in range(50):
            client.get(f"/unknown/{number}")
        assert sum("unknown" in name or "other" in name for name in self.samples(client)) < 20
