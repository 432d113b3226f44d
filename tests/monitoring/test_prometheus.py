"""A real Prometheus scrapes a real backend that reads and fails, and the operator's own collectors.

It has the manual's configuration, and the committed rules with all durations shortened. What cannot be had
within seconds (slow pods, pods near their limit, a week of scores) has its proof in test_rules.py.
"""

import base64
import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import pytest
import requests
import yaml
from PIL import Image, ImageDraw

from backend_process import BUILTIN, Backend, backend_process
from ocr_backend import usage
from ocr_cluster import waiting
from ocr_operator.monitoring import files
from ocr_operator.names import Key
from operator_numbers import OperatorNumbers, pod, status
from panel_pictures import draw, expression, series
from pod_discovery import targets
from prometheus_process import Prometheus, running_prometheus
from server_process import free_port
from shortened_rules import shortened

pytestmark = [pytest.mark.prometheus, pytest.mark.model]

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "docs" / "examples" / "prometheus.yml"
RULES = ROOT / "chart" / "files" / "alerts.yaml"
PICTURES = os.environ.get("OCR_PANEL_PICTURES", "")
"""Folder for the pictures of the manual (`make panels`); by default they are thrown away."""
SERVING = Key("labs", "ocr")
TROUBLED = {
    Key("labs", "broken"): status("ImagePullFailed", ready=0),
    Key("labs", "empty"): status("DownloadFailed", models="DownloadFailed", ready=0),
}
SECONDS = 240


class Site:
    """A backend, the numbers of an operator, and Prometheus, as the test acts on them."""

    def __init__(self, backend: Backend, operator: OperatorNumbers, prometheus: Prometheus) -> None:
        self.backend, self.operator, self.prometheus = backend, operator, prometheus
        self._numbers = count()

    def wait_for(self, *names: str, meanwhile: Callable[[], object] = str) -> None:
        """Until all these alerts fire at the same time."""

        def missing_none() -> bool:
            meanwhile()
            return set(names) <= self.prometheus.firing()

        waiting.until(missing_none, f"{names} to fire", SECONDS, lambda: str(self.prometheus.firing()))

    def wait_without(self, *names: str, meanwhile: Callable[[], object] = str) -> None:
        """Until none of these alerts fires; without names: none at all."""

        def are_gone() -> bool:
            meanwhile()
            firing = self.prometheus.firing()
            return not (firing & set(names) if names else firing)

        blame = lambda: str(self.prometheus.firing())  # noqa: E731
        waiting.until(are_gone, f"{names or 'all alerts'} to clear", SECONDS, blame)

    def predict(self, *images: str) -> int:
        """Status of a request with these pictures; 0 where its worker was killed."""
        tasks = [{"id": number, "data": {"image": image}} for number, image in enumerate(images)]
        try:
            return requests.post(
                f"{self.backend.url}/predict", json={"tasks": tasks}, timeout=100
            ).status_code
        except requests.ConnectionError:
            return 0

    def new_picture(self) -> str:
        """A picture that was never read before, as a data URI."""
        # Making one must take far less than reading it, or the places for reading are free in between.
        image = _page().copy()
        ImageDraw.Draw(image).text((20, 560), f"page {next(self._numbers)}", fill="black", font_size=28)
        content = io.BytesIO()
        image.save(content, "PNG", compress_level=1)
        return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()

    def send_what_is_none(self) -> None:
        """A picture that is broken, one that is not allowed, and one whose URL gives something else."""
        self.predict("data:image/png;base64,AAAA", "ftp://example.com/a.png", f"{self.backend.url}/health")

    @contextmanager
    def under_load(self) -> Iterator[None]:
        """Six large requests at any time."""
        stopped = threading.Event()

        def send() -> None:
            while not stopped.is_set():
                self.predict(*(self.new_picture() for _ in range(6)))

        with ThreadPoolExecutor(6) as pool:
            sending = [pool.submit(send) for _ in range(6)]
            try:
                yield
            finally:
                stopped.set()
            for done in sending:
                done.result()

    def kill_the_workers(self) -> None:
        """Faster than they can load, so that what is asked then is answered with 503."""
        pid = self.backend.process.pid
        for worker in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(worker), signal.SIGKILL)
        for _ in range(5):
            self.predict("data:,")


@cache
def _page() -> Image.Image:
    image = Image.new("RGB", (900, 600), "white")
    pen = ImageDraw.Draw(image)
    for row in range(12):
        pen.text((20, 20 + 45 * row), f"line {row} of the text of a page", fill="black", font_size=28)
    return image


def _configured(folder: Path, backend: Backend, operator: OperatorNumbers) -> Path:
    """The manual's configuration, once a second, with these two in the place of a cluster's pods."""
    config = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for job in config["scrape_configs"]:
        assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]
        job["file_sd_configs"] = [{"files": [str(folder / "pods.json")]}]
    serving = {
        "app.kubernetes.io/managed-by": "ocr-operator",
        "app.kubernetes.io/instance": "ocr",
        "ocrbackend.io/language": "ch",
        "ocrbackend.io/model-type": "mobile",
    }
    pods = [
        pod("ocr-1", int(backend.url.rpartition(":")[2]), "http", **serving),
        pod("op-1", operator.port, "metrics", **{"app.kubernetes.io/name": "ocr-backend-operator"}),
    ]
    (folder / "pods.json").write_text(json.dumps([one for each in pods for one in targets(each)]), "utf-8")
    (folder / "alerts.yaml").write_text(shortened(RULES), "utf-8")
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
    return folder / "prometheus.yml"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    operator = OperatorNumbers(free_port())
    operator.statuses[SERVING] = status()
    settings = {**BUILTIN, "WORKERS": "2", "OCR_FETCH_ALLOW": "127.0.0.1"}
    with (
        backend_process(settings, tmp_path / "backend.log") as backend,
        running_prometheus(tmp_path, _configured(tmp_path, backend, operator)) as prometheus,
    ):
        yield Site(backend, operator, prometheus)


def _everything_goes_wrong(site: Site) -> None:
    operator = site.operator
    operator.leads, operator.staleness_seconds = False, 150
    operator.statuses |= TROUBLED

    def go_on() -> None:
        operator.look("error", "500")
        site.kill_the_workers()

    site.wait_for(
        "OCROperatorNotLeading",
        "OCROperatorWatchStale",
        "OCROperatorReconcileErrors",
        "OCROperatorApiErrors",
        "OCRVariantDown",
        "OCRModelsNotReady",
        "OCRBackendNotReady",
        "OCRBackendNotScraped",
        "OCRPredictionsFailing",
        "OCRWorkersRestarting",
        meanwhile=go_on,
    )
    [found] = site.prometheus.alerts("OCRBackendNotReady")
    assert found["labels"]["ocrbackend"] == "broken"
    assert found["annotations"]["runbook_url"] == "docs/reasons.md#imagepullfailed"
    [found] = site.prometheus.alerts("OCRModelsNotReady")
    assert found["annotations"]["summary"] == "labs/empty has no models: DownloadFailed"
    assert {one["labels"]["ocrbackend"] for one in site.prometheus.alerts("OCRVariantDown")} == {
        "broken",
        "empty",
    }


def _everything_is_mended(site: Site) -> None:
    site.operator.leads, site.operator.staleness_seconds = True, 0
    site.operator.statuses = {SERVING: status()}
    waiting.until(lambda: requests.get(f"{site.backend.url}/readyz", timeout=30).ok, "the workers", SECONDS)


def _too_much_is_read(site: Site) -> None:
    with site.under_load():
        site.wait_for("OCRSlotsSaturated", meanwhile=site.operator.look)


def _every_panel_shows_something(site: Site, begun: float, folder: Path) -> None:
    ended = time.time()
    for page in files.DASHBOARDS:
        for panel in page.panels:
            for query in panel.queries:
                if "ocr_memory_limit_bytes" in query.expression and usage.memory_limit_bytes() is None:
                    continue  # not in every container has this process a limit
                found = series(site.prometheus, query, begun, ended)
                assert found, f"{page.title}, {panel.title}: {expression(query)} shows nothing"
        file = folder / f"dashboard-{page.name}.png"
        draw(site.prometheus, page, begun, ended, file)
        assert file.stat().st_size < 200_000


def test_alerts_fire_for_their_causes_and_clear_and_every_panel_shows_what_happened(
    site: Site, tmp_path: Path
) -> None:
    begun = time.time()
    site.wait_for("OCROperatorDown", "OCRPicturesNotRead", meanwhile=site.send_what_is_none)
    with site.operator.answering():
        site.wait_without(meanwhile=site.operator.look)
        _everything_goes_wrong(site)
        _everything_is_mended(site)
        _too_much_is_read(site)
        site.wait_without(meanwhile=lambda: (site.predict(site.new_picture()), site.operator.look()))
        _every_panel_shows_something(site, begun, Path(PICTURES) if PICTURES else tmp_path)
