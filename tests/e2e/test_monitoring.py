"""Real troubles on a real node: each alert fires for its cause and clears, and every panel has data.

Debian's Prometheus scrapes the pods that the chart's monitors select, with the chart's rules and shorter
durations. The Prometheus operator, the model hub and the image store are fakes.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from annotation_events import submit_two_lines
from loopback import ImageFiles, serving
from monitored_cluster import monitored
from monitored_site import Site
from ocr_cluster.cluster import Cluster
from ocr_operator.monitoring import files
from ocr_operator.monitoring.alerts import ALERTS
from page_images import data_uri, page
from panel_images import Span, draw, expression, series
from server_process import free_port
from stand_in_hub import StandInHub

pytestmark = pytest.mark.e2e

CHART = Path(__file__).parents[2] / "chart"
IMAGES = os.environ.get("PANEL_IMAGES", "")
"""Folder for the images in the documentation (`make panels`); by default they are discarded."""

Install = Callable[..., str]
Json = dict[str, Any]

ENABLED = ("serviceMonitor", "prometheusRule", "dashboards")
BUILTIN = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}}
SMALL = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "2Gi"}}
MORE_MEMORY = SMALL | {"limits": {"memory": "3Gi"}}
TOO_LARGE = {"requests": {"cpu": "20m", "memory": "10Ti"}}
OCR, FORMS, PHOTOS = "ocr-main", "forms-main", "photos-main"
NOT_CAUSED = {
    "OCRAutoscalerAtMaximum",
    "OCRCorrectionsRising",
    "OCRModelsVolumeNearlyFull",
    "OCRPredictionsFailing",
    "OCRPrelabelJobFailed",
    "OCRReadinessLost",
}
"""Only promtool tests these alerts: nothing here exports metrics of the cluster, or surely causes them."""


def variants(language: str, **fields: Any) -> Json:
    return {
        "variants": [
            {"name": "main", "language": language, "modelType": "mobile", "resources": SMALL, **fields}
        ]
    }


def backends(images: str) -> dict[str, Json]:
    """Those that serve: one under load, one to be killed, and one with a stalled image store."""
    one_core = {"requests": SMALL["requests"], "limits": {"cpu": "1", "memory": "2Gi"}}
    full = [{"name": "full", "emptyDir": {"medium": "Memory"}}]
    return {
        "ocr": BUILTIN | variants("ch", resources=one_core) | {"server": {"threads": 1}},
        "forms": BUILTIN | variants("latin") | {"server": {"workers": 2, "allowedHosts": [images]}},
        "photos": BUILTIN
        | variants("en")
        | {
            "server": {"predictTimeoutSeconds": 62, "fetchTimeoutSeconds": 100, "allowedHosts": [images]},
            "podTemplate": {"volumes": full, "volumeMounts": [{"name": "full", "mountPath": "/full"}]},
        },
    }


def failing_backends(hub: str) -> dict[str, Json]:
    """Those that do not become Ready, each for another reason."""
    downloading = {"ocrVersion": "PP-OCRv6", "options": {"useTextlineOrientation": False}}
    return {
        "wrong-tag": BUILTIN | variants("ch") | {"image": {"tag": "no-such", "pullPolicy": "Never"}},
        "too-large": BUILTIN | variants("ch", resources=TOO_LARGE),
        "no-hub": downloading | variants("ch") | {"models": {"source": "Hub", "mirror": hub}},
    }


@pytest.fixture
def site(
    full_cluster: Cluster, restricted_namespace: str, prometheus_crds: None, install: Install, tmp_path: Path
) -> Iterator[Site]:
    address = str(full_cluster.record.addresses.machine)
    with serving(ImageFiles(address)) as images, monitored(full_cluster, tmp_path) as prometheus:
        monitoring = [f"--set=metrics.{name}.enabled=true" for name in ENABLED]
        served = [
            f"--set-json=backends.{name}={json.dumps(spec)}" for name, spec in backends(address).items()
        ]
        install("--wait", *monitoring, *served)
        yield Site(full_cluster, restricted_namespace, prometheus, images)


def test_alerts_fire_and_clear_and_every_panel_has_data(site: Site, official: Path, tmp_path: Path) -> None:
    start = time.time()
    unused_url = f"http://{site.cluster.record.addresses.machine}:{free_port()}"
    for name, spec in failing_backends(unused_url).items():
        site.apply(name, spec)
    _check_scrape_alert(site)
    with site.without_permission("services", "list", "watch"):
        with site.stalled_image_store(PHOTOS):
            with site.under_load(OCR):
                _check_image_and_memory_alerts(site)
                _check_worker_alerts(site)
                _check_alerts_of_failing_backends(site)
                worst = time.time()
            with site.under_load(OCR, coarse=True):
                site.wait_for({"OCRScoresDropped": {"ocr"}})
            with site.under_load(OCR):
                _fix_failing_backends(site, official)
            site.wait_for({"OCRPredictionsSlow": {"photos"}, "OCRTasksLate": {"photos"}})
        _annotate(site)
        _check_operator_alerts(site)
        site.wait_for({"OCROperatorWatchStale": {""}})
    site.kubectl("annotate", "service", OCR, "note=an event that verifies the watch")
    site.wait_without(meanwhile=lambda: site.predict(OCR, data_uri(page())))
    site.scale_operator(0)
    site.wait_for({"OCROperatorDown": {""}})
    site.scale_operator(1)
    site.wait_without()
    assert {alert.name for alert in ALERTS} - set(site.fired()) <= NOT_CAUSED
    span = Span(start, time.time(), worst)
    _check_panels(site, span, Path(IMAGES) if IMAGES else tmp_path)


def _check_scrape_alert(site: Site) -> None:
    """It clears when the chart creates the PodMonitor."""
    site.wait_for({"OCRBackendNotScraped": {"ocr", "forms", "photos"}})
    site.cluster.helm(
        "upgrade",
        "ocr",
        str(CHART),
        f"--namespace={site.namespace}",
        "--reuse-values",
        "--set=metrics.podMonitor.enabled=true",
    )
    site.wait_without("OCRBackendNotScraped")


def _check_image_and_memory_alerts(site: Site) -> None:
    """The pod whose memory is filled is idle, so its own use does not change."""
    pod = site.pod("photos")
    limit = site.number("ocr_memory_limit_bytes", pod)
    free = int(0.95 * limit - site.number("ocr_memory_bytes", pod))
    site.kubectl("exec", pod, "--", "sh", "-c", f"head -c {free} /dev/zero > /full/zeros")
    good = site.image_files.put("page.png", page())

    def send() -> None:
        """A good image, a damaged one, one with a forbidden scheme, and a missing one."""
        site.predict(FORMS, good, "data:image/png;base64,AAAA", "ftp://example.com/a.png", f"{good}.gone")

    site.wait_for({"OCRImagesNotRead": {"forms"}, "OCRMemoryNearLimit": {"photos"}}, meanwhile=send)
    site.kubectl("exec", pod, "--", "rm", "/full/zeros")


def _check_worker_alerts(site: Site) -> None:
    pod = site.pod("forms")
    site.wait_for(
        {"OCRWorkersRestarting": {"forms"}, "OCRRequestsRejected": {"forms"}},
        meanwhile=lambda: site.kill_workers(pod),
    )


def _check_alerts_of_failing_backends(site: Site) -> None:
    site.wait_for(
        {
            "OCRVariantDown": {"wrong-tag", "too-large"},
            "OCRBackendNotReady": {"wrong-tag", "too-large"},
            "OCRModelsNotReady": {"no-hub"},
            "OCRSlotsSaturated": {"ocr"},
        }
    )
    [alert] = [
        each
        for each in site.prometheus.alerts("OCRBackendNotReady")
        if each["labels"]["ocrbackend"] == "wrong-tag"
    ]
    assert alert["annotations"]["runbook"] == "docs/reasons.md#imagepullfailed"
    [alert] = site.prometheus.alerts("OCRModelsNotReady")
    summary = f"The models of {site.namespace}/no-hub are not ready: DownloadFailed"
    assert alert["annotations"]["summary"] == summary


def _fix_failing_backends(site: Site, official: Path) -> None:
    with serving(StandInHub(str(site.cluster.record.addresses.machine))) as hub:
        hub.put_all(official)
        site.patch("wrong-tag", {"image": None})
        site.patch("too-large", variants("ch"))
        # The download takes until it was seen: a quiet machine ends it between two scrapes.
        with hub.stopping_after(5_000_000):
            site.patch("no-hub", {"models": {"mirror": hub.url}})
            size = "ocrbackend_status_variant_models_total_bytes"
            site.cluster.wait(lambda: bool(site.prometheus.query(size)), f"{size} in Prometheus")
        # What the runbook of OCRMemoryNearLimit advises; it is rolled out.
        site.patch("forms", variants("latin", resources=MORE_MEMORY))
        site.wait_until_ready("wrong-tag", "too-large", "no-hub", "forms")
    site.wait_without("OCRVariantDown", "OCRBackendNotReady", "OCRModelsNotReady", "OCRMemoryNearLimit")


def _annotate(site: Site) -> None:
    """An annotator accepts a line and changes another."""
    address = site.get("service", OCR)["spec"]["clusterIP"]
    submit_two_lines(f"http://{address}:9090")


def _check_operator_alerts(site: Site) -> None:
    with site.failing_api_server("leases", "ocrbackends/status"):
        site.patch("photos", {"rollout": {"surge": "Always"}})
        site.wait_for(
            {
                "OCROperatorNotLeading": {""},
                "OCROperatorApiErrors": {""},
                "OCROperatorReconcileErrors": {""},
            }
        )


def _check_panels(site: Site, span: Span, folder: Path) -> None:
    for dashboard in files.DASHBOARDS:
        for panel in dashboard.panels:
            for query in panel.queries:
                samples = series(site.prometheus, query, span.start, span.end)
                assert samples, f"{dashboard.title}, {panel.title}: no data for {expression(query)}"
        file = folder / f"dashboard-{dashboard.name}.png"
        draw(site.prometheus, dashboard, span, file)
        assert file.stat().st_size < 400_000
