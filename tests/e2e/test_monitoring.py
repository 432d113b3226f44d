"""Real troubles on the real node: each alert fires for its cause and clears, and every panel shows something.

Debian's Prometheus scrapes the pods that the chart's monitors choose, with the chart's rules, whose durations
are shortened. The Prometheus operator, a hub of models and a store of images have stand-ins.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from installed_crds import install_crd
from loopback import ImageFiles, serving
from monitored_cluster import monitored
from monitored_site import Site
from ocr_cluster.cluster import Cluster
from ocr_operator.monitoring import files
from ocr_operator.monitoring.alerts import ALERTS
from panel_images import Span, draw, expression, series
from prometheus_crds import definition
from server_process import free_port
from shown_pages import data_uri, page
from stand_in_hub import StandInHub

pytestmark = pytest.mark.e2e

CHART = Path(__file__).parents[2] / "chart"
IMAGES = os.environ.get("PANEL_IMAGES", "")
"""Folder for the images of the manual (`make panels`); by default they are thrown away."""

Install = Callable[..., str]
Json = dict[str, Any]

ENABLED = ("serviceMonitor", "prometheusRule", "dashboards")
BUILTIN = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}}
SMALL = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "2Gi"}}
MORE_MEMORY = SMALL | {"limits": {"memory": "3Gi"}}
TOO_LARGE = {"requests": {"cpu": "20m", "memory": "10Ti"}}
OCR, FORMS, PHOTOS = "ocr-ch-mobile", "forms-latin-mobile", "photos-en-mobile"


def variants(language: str, **more: Any) -> Json:
    return {"variants": [{"language": language, "modelType": "mobile", "resources": SMALL, **more}]}


def backends(images: str) -> dict[str, Json]:
    """What serves: one that reads all the time, one to be killed, and one with a bad store of images."""
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


def troubled(hub: str) -> dict[str, Json]:
    """What does not come up, each for a reason of its own."""
    fetched = {"ocrVersion": "PP-OCRv6", "options": {"useTextlineOrientation": False}}
    return {
        "wrong-tag": BUILTIN | variants("ch") | {"image": {"tag": "no-such", "pullPolicy": "Never"}},
        "too-large": BUILTIN | variants("ch", resources=TOO_LARGE),
        "no-hub": fetched | variants("ch") | {"models": {"source": "Hub", "mirror": hub}},
    }


@pytest.fixture
def known_kinds(full_cluster: Cluster) -> Iterator[None]:
    """The kinds of the Prometheus operator."""
    found = [
        yaml.safe_load(definition(plural).read_text("utf-8"))
        for plural in ("servicemonitors", "podmonitors", "prometheusrules")
    ]
    for body in found:
        install_crd(full_cluster, body)
    yield
    full_cluster.kubectl("delete", "crd", *(body["metadata"]["name"] for body in found))


@pytest.fixture
def site(
    full_cluster: Cluster, restricted_namespace: str, known_kinds: None, install: Install, tmp_path: Path
) -> Iterator[Site]:
    address = str(full_cluster.record.addresses.machine)
    with serving(ImageFiles(address)) as images, monitored(full_cluster, tmp_path) as prometheus:
        monitoring = [f"--set=metrics.{name}.enabled=true" for name in ENABLED]
        served = [
            f"--set-json=backends.{name}={json.dumps(spec)}" for name, spec in backends(address).items()
        ]
        install("--wait", *monitoring, *served)
        yield Site(full_cluster, restricted_namespace, prometheus, images)


def test_alerts_fire_for_their_causes_and_clear_and_every_panel_shows_what_happened(
    site: Site, official: Path, tmp_path: Path
) -> None:
    begun = time.time()
    nobody = f"http://{site.cluster.record.addresses.machine}:{free_port()}"
    for name, spec in troubled(nobody).items():
        site.apply(name, spec)
    _pods_are_not_scraped(site)
    with site.without_right("services", "list", "watch"):
        with site.store_hangs(PHOTOS):
            with site.under_load(OCR):
                _images_are_bad_and_memory_is_full(site)
                _workers_are_killed(site)
                _nothing_troubled_comes_up(site)
                worst = time.time()
            with site.under_load(OCR, coarse=True):
                site.wait_for({"OCRScoresDropped": {"ocr"}})
            with site.under_load(OCR):
                _troubled_ones_are_mended(site, official)
            site.wait_for({"OCRPredictionsSlow": {"photos"}})
        _nobody_leads(site)
        site.wait_for({"OCROperatorWatchStale": {""}})
    site.kubectl("annotate", "service", OCR, "note=an event by which the operator sees that it sees again")
    site.wait_without(meanwhile=lambda: site.predict(OCR, data_uri(page())))
    site.scale_operator(0)
    site.wait_for({"OCROperatorDown": {""}})
    site.scale_operator(1)
    site.wait_without()
    assert set(site.fired()) == {alert.name for alert in ALERTS}
    span = Span(begun, time.time(), worst)
    _every_panel_shows_something(site, span, Path(IMAGES) if IMAGES else tmp_path)


def _pods_are_not_scraped(site: Site) -> None:
    """Until the chart makes the PodMonitor."""
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


def _images_are_bad_and_memory_is_full(site: Site) -> None:
    """The memory is that of a pod that only waits: what it uses does not change."""
    pod = site.pod("photos")
    limit = site.number("ocr_memory_limit_bytes", pod)
    free = int(0.95 * limit - site.number("ocr_memory_bytes", pod))
    site.kubectl("exec", pod, "--", "sh", "-c", f"head -c {free} /dev/zero > /full/zeros")
    good = site.images.put("page.png", page())

    def send() -> None:
        """A good one, one that is broken, one that is not allowed, and one that is not there."""
        site.predict(FORMS, good, "data:image/png;base64,AAAA", "ftp://example.com/a.png", f"{good}.gone")

    site.wait_for({"OCRImagesNotRead": {"forms"}, "OCRMemoryNearLimit": {"photos"}}, meanwhile=send)
    site.kubectl("exec", pod, "--", "rm", "/full/zeros")


def _workers_are_killed(site: Site) -> None:
    pod = site.pod("forms")
    site.wait_for(
        {"OCRWorkersRestarting": {"forms"}, "OCRPredictionsFailing": {"forms"}},
        meanwhile=lambda: site.kill_the_workers(pod, FORMS),
    )


def _nothing_troubled_comes_up(site: Site) -> None:
    site.wait_for(
        {
            "OCRVariantDown": {"wrong-tag", "too-large"},
            "OCRBackendNotReady": {"wrong-tag", "too-large"},
            "OCRModelsNotReady": {"no-hub"},
            "OCRSlotsSaturated": {"ocr"},
        }
    )
    [found] = [
        one
        for one in site.prometheus.alerts("OCRBackendNotReady")
        if one["labels"]["ocrbackend"] == "wrong-tag"
    ]
    assert found["annotations"]["runbook_url"] == "docs/reasons.md#imagepullfailed"
    [found] = site.prometheus.alerts("OCRModelsNotReady")
    assert found["annotations"]["summary"] == f"{site.namespace}/no-hub has no models: DownloadFailed"


def _troubled_ones_are_mended(site: Site, official: Path) -> None:
    with serving(StandInHub(str(site.cluster.record.addresses.machine))) as hub:
        hub.put_all(official)
        site.patch("wrong-tag", {"image": None})
        site.patch("too-large", variants("ch"))
        site.patch("no-hub", {"models": {"mirror": hub.url}})
        # What the manual says of memory; it is rolled out.
        site.patch("forms", variants("latin", resources=MORE_MEMORY))
        site.wait_until_ready("wrong-tag", "too-large", "no-hub", "forms")
    site.wait_without("OCRVariantDown", "OCRBackendNotReady", "OCRModelsNotReady", "OCRMemoryNearLimit")


def _nobody_leads(site: Site) -> None:
    with site.api_server_fails("leases", "ocrbackends/status"):
        site.patch("photos", {"rollout": {"surge": "Always"}})
        site.wait_for(
            {
                "OCROperatorNotLeading": {""},
                "OCROperatorApiErrors": {""},
                "OCROperatorReconcileErrors": {""},
            }
        )


def _every_panel_shows_something(site: Site, span: Span, folder: Path) -> None:
    for dashboard in files.DASHBOARDS:
        for panel in dashboard.panels:
            for query in panel.queries:
                found = series(site.prometheus, query, span.start, span.end)
                assert found, f"{dashboard.title}, {panel.title}: {expression(query)} shows nothing"
        file = folder / f"dashboard-{dashboard.name}.png"
        draw(site.prometheus, dashboard, span, file)
        assert file.stat().st_size < 400_000
