"""The real server process with the small real weights."""

import base64
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from backend_process import BUILTIN, SERVE, Backend, backend_process, clean_environment
from metric_samples import metric_samples
from scripted_server import Reply, ScriptedServer

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "tests" / "data" / "images"
LOCAL = {**BUILTIN, "OCR_FETCH_ALLOW": "127.0.0.1"}
SECONDS = 60


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.05)


def inline(name: str) -> str:
    return "data:image/png;base64," + base64.b64encode((IMAGES / name).read_bytes()).decode()


def body(*urls: str) -> dict[str, Any]:
    return {"tasks": [{"id": number, "data": {"image": url}} for number, url in enumerate(urls, 1)]}


def texts(result: dict[str, Any]) -> list[str]:
    return [item["value"]["text"][0] for item in result["result"] if item["type"] == "textarea"]


def samples(url: str) -> dict[str, float]:
    return metric_samples(requests.get(f"{url}/metrics", timeout=SECONDS).text)


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with backend_process(LOCAL, tmp_path_factory.mktemp("backend") / "log") as running:
        yield running


def test_predict_reads_a_real_image(backend: Backend) -> None:
    sent = body(inline("issue_170.png"), "data:,broken", inline("white_font_color_transparent.png"))
    answer = requests.post(f"{backend.url}/predict", json=sent, timeout=SECONDS).json()
    first, second, third = answer["results"]
    assert (texts(first), second, texts(third)) == (["TEST"], [], ["我是中国人"])
    assert requests.get(f"{backend.url}/health", timeout=SECONDS).text == '{"status":"UP"}\n'


@pytest.mark.parametrize(
    ("image", "box", "text"),
    [
        # in percent of the image
        pytest.param("eo_japanese.jpg", (17, 37, 65, 17), "NO LITTER", id="a line of a photo, tight"),
        pytest.param("eo_japanese.jpg", (15, 33, 70, 24), "NO LITTER", id="loose, with parts of other lines"),
        pytest.param("eo_easyocr_framework.jpeg", (29.5, 35, 4.3, 5.3), "CRAFT", id="a small word"),
        pytest.param("eo_easyocr_framework.jpeg", (68, 32, 8, 12), "Greedy\nDecoder", id="two lines"),
        pytest.param("ls_image.jpeg", (1, 1, 2, 2), None, id="no text"),
    ],
)
def test_a_drawn_box_on_a_real_image_gets_its_text(backend: Backend, image, box, text) -> None:
    value = dict(zip(("x", "y", "width", "height"), box, strict=True)) | {"rotation": 0}
    item = {"id": "DRAWN1", "type": "rectangle", "from_name": "bbox", "to_name": "image", "value": value}
    sent = {**body(inline(image)), "params": {"context": {"result": [item]}}}
    (result,) = requests.post(f"{backend.url}/predict", json=sent, timeout=SECONDS).json()["results"]
    assert texts(result) == ([] if text is None else [text])


def test_health_responds_while_the_maximum_of_predict_requests_is_waiting(
    web: ScriptedServer, tmp_path: Path, png: Callable[..., bytes]
) -> None:
    gate = threading.Event()
    url = web.on("/slow.png", lambda handler: (gate.wait(SECONDS), Reply(png(40, 40))(handler))[1])
    with (
        backend_process({**LOCAL, "THREADS": "1"}, tmp_path / "log") as backend,
        ThreadPoolExecutor(70) as clients,
    ):
        pending: list[Future[requests.Response]] = [
            clients.submit(requests.post, f"{backend.url}/predict", json=body(url), timeout=SECONDS)
            for _ in range(70)
        ]
        try:
            wait_until(lambda: sum(future.done() for future in pending) == 5)
            assert [future.result().status_code for future in pending if future.done()] == [503] * 5
            for path in ("/health", "/livez", "/readyz", "/metrics", "/versions"):
                assert requests.get(backend.url + path, timeout=SECONDS).status_code == 200
            assert requests.post(f"{backend.url}/setup", json={}, timeout=SECONDS).status_code == 200
        finally:
            gate.set()
        assert sorted(future.result().status_code for future in pending) == [200] * 65 + [503] * 5


def test_a_stop_finishes_the_image_being_read_and_exits_with_0(web: ScriptedServer, tmp_path: Path) -> None:
    gate, requested = threading.Event(), threading.Event()
    image = (IMAGES / "issue_170.png").read_bytes()
    url = web.on("/slow.png", lambda handler: (requested.set(), gate.wait(SECONDS), Reply(image)(handler))[2])
    with (
        backend_process({**LOCAL, "OCR_SLOTS": "1"}, tmp_path / "log") as backend,
        ThreadPoolExecutor(1) as clients,
    ):
        future = clients.submit(
            requests.post, f"{backend.url}/predict", json=body(*[url] * 40), timeout=SECONDS
        )
        assert requested.wait(SECONDS)
        backend.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping: finishing the images that are being read" in backend.log.read_text())
        gate.set()
        results = future.result().json()["results"]
        assert texts(results[0]) == ["TEST"]
        assert results[-1] == []
        assert backend.process.wait(SECONDS) == 0
    assert "Traceback" not in backend.log.read_text()


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with backend_process({**LOCAL, "WORKERS": "2"}, tmp_path_factory.mktemp("workers") / "log") as running:
        yield running


class TestSeveralWorkers:
    @staticmethod
    def workers(backend: Backend) -> set[int]:
        pid = backend.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return set(map(int, children))

    def test_every_worker_returns_the_metrics_of_all(self, two_workers: Backend) -> None:
        before = samples(two_workers.url)
        assert before["ocr_workers_ready"] == 2
        setups = 'ocr_requests_total{path="/setup",status="200"}'
        previous = before.get(setups, 0)
        for _ in range(20):
            with requests.Session() as session:  # a new connection may reach either
                assert session.post(f"{two_workers.url}/setup", json={}, timeout=SECONDS).status_code == 200
        for _ in range(5):
            assert samples(two_workers.url)[setups] == previous + 20

    def test_a_killed_worker_is_replaced(self, two_workers: Backend) -> None:
        assert requests.post(f"{two_workers.url}/setup", json={}, timeout=SECONDS).status_code == 200
        before = samples(two_workers.url)['ocr_requests_total{path="/setup",status="200"}']
        first, second = self.workers(two_workers)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: first not in self.workers(two_workers) and len(self.workers(two_workers)) == 2)
        wait_until(lambda: requests.get(f"{two_workers.url}/readyz", timeout=SECONDS).status_code == 200)
        assert second in self.workers(two_workers)
        assert samples(two_workers.url)["ocr_workers_ready"] == 2
        assert samples(two_workers.url)["ocr_worker_starts_total"] == 3
        assert samples(two_workers.url)['ocr_requests_total{path="/setup",status="200"}'] == before


def run_server(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    variables = {**clean_environment(), "OCR_HOST": "127.0.0.1", "OCR_PORT": "0", **env}
    return subprocess.run(SERVE, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_missing_models_stop_the_server_with_one_message(tmp_path: Path, workers: str) -> None:
    from server_process import free_port

    done = run_server(
        {
            "OCR_MODEL_SOURCE": "dir",
            "MODEL_DIR": str(tmp_path),
            "WORKERS": workers,
            "OCR_PORT": str(free_port()),
        }
    )
    assert done.returncode == 3
    messages = [line for line in done.stderr.splitlines() if " INFO " not in line]
    assert len(messages) == 1, done.stderr
    assert " CRITICAL ocr_backend.web.gunicorn_server [-] no model PP-OCRv5_server_det" in messages[0]


def test_a_port_in_use_stops_the_server(backend: Backend) -> None:
    done = run_server({**BUILTIN, "OCR_PORT": backend.url.rpartition(":")[2]})
    assert done.returncode == 1
    assert "in use" in done.stderr


def test_a_stop_removes_the_folder_in_shared_memory(tmp_path: Path) -> None:
    def folders() -> set[Path]:
        return {path for path in Path("/dev/shm").glob("ocr-backend-*") if path.stat().st_uid == os.geteuid()}

    with backend_process({**BUILTIN, "WORKERS": "2"}, tmp_path / "log") as backend:
        pid = backend.process.pid
        shared_folders = {
            Path(link.readlink()).parent
            for link in Path(f"/proc/{pid}/fd").iterdir()
            if "shm" in os.readlink(link)
        }
        (server_folder,) = {Path(str(path).removesuffix(" (deleted)")) for path in shared_folders}
        assert server_folder in folders()
    assert server_folder not in folders()


def test_the_workers_share_an_image_cache_until_the_server_ends(web: ScriptedServer, tmp_path: Path) -> None:
    url = web.serve("/a.png", (IMAGES / "issue_170.png").read_bytes())
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    settings = {**LOCAL, "WORKERS": "2", "OCR_SLOTS": "1", "TMPDIR": str(temporary)}
    with backend_process(settings, tmp_path / "log") as backend:
        for _ in range(8):
            with requests.Session() as session:  # a new connection may reach either
                sent = session.post(f"{backend.url}/predict", json=body(url), timeout=SECONDS).json()
                assert texts(sent["results"][0]) == ["TEST"]
        assert len(web.requests) == 1
        assert samples(backend.url)['ocr_image_cache_requests_total{outcome="hit"}'] == 7
        (folder,) = temporary.glob("ocr-backend-images-*")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(temporary.glob("ocr-backend-images-*")) == []


def test_the_wsgi_script_of_label_studio_ml_works_in_any_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = (sys.executable, str(ROOT / "backend" / "_wsgi.py"), "--log-level", "WARNING", "--check")
    with backend_process(LOCAL, tmp_path / "log", command) as backend:
        sent = body(inline("issue_170.png"))
        (result,) = requests.post(f"{backend.url}/predict", json=sent, timeout=SECONDS).json()["results"]
        assert texts(result) == ["TEST"]


def test_modules_that_do_not_survive_a_fork_are_imported_after_it() -> None:
    engines = {"onnxruntime", "openvino", "paddle", "paddleocr"}
    heavy = engines | {"numpy", "cv2", "PIL", "prometheus_client", "flask"}
    code = (
        "import sys; import ocr_backend.commands.cli, ocr_backend.web.gunicorn_server;"
        f"print(sorted(set(sys.modules) & {heavy}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    assert done.stdout == "[]\n"
