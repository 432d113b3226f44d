"""`autoscaling.mode: Queue` with KEDA's own programs, the autoscaler of Kubernetes and a real Prometheus.

The pods read images. KEDA runs on this machine beside the node, and the configuration of Prometheus is made
from the chart's PodMonitor.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keda_processes import running_keda
from loopback import ImageFiles, serving
from monitored_cluster import monitored
from monitored_site import Site
from ocr_cluster.cluster import Cluster

pytestmark = [pytest.mark.e2e, pytest.mark.keda]

NAME = "ocr-main"
SECONDS = 240
RESOURCES = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "2Gi"}}


def backend(prometheus: str) -> dict[str, Any]:
    """With one slot in each pod: eight images at a time are as many as four pods should have."""
    autoscaling = {
        "mode": "Queue",
        "minReplicas": 1,
        "maxReplicas": 2,
        "targetQueueLength": 1,
        "prometheusAddress": prometheus,
    }
    variant = {"name": "main", "language": "ch", "modelType": "mobile", "resources": RESOURCES}
    return {
        "ocrVersion": "PP-OCRv6",
        "models": {"source": "Builtin"},
        "server": {"threads": 1},
        "variants": [variant | {"autoscaling": autoscaling}],
    }


@pytest.fixture
def site(
    full_cluster: Cluster,
    restricted_namespace: str,
    prometheus_crds: None,
    install: Callable[..., str],
    tmp_path: Path,
) -> Iterator[Site]:
    """The chart with one OCRBackend; KEDA and Prometheus run."""
    keda = tmp_path / "keda"
    keda.mkdir()
    with (
        serving(ImageFiles(str(full_cluster.record.addresses.machine))) as images,
        monitored(full_cluster, tmp_path) as prometheus,
        running_keda(full_cluster, keda),
    ):
        spec = json.dumps(backend(prometheus.url))
        install("--wait", "--set=metrics.podMonitor.enabled=true", f"--set-json=backends.ocr={spec}")
        yield Site(full_cluster, restricted_namespace, prometheus, images)
        # While KEDA runs: it removes the finalizer of its object.
        site_kubectl = f"--namespace={restricted_namespace}"
        full_cluster.kubectl("delete", "ocrb", "--all", site_kubectl)
        full_cluster.wait(
            lambda: not full_cluster.get("scaledobjects", site_kubectl).get("items"), "no ScaledObject"
        )


def test_pods_are_added_while_images_wait_and_removed_after(site: Site) -> None:
    _wait(site, lambda: _is_scaled_by_keda(site), "KEDA to be ready")
    assert _replicas(site) == 1
    with site.under_load(NAME):
        _wait(site, lambda: _serving_pods(site) == 2, "a second pod to serve")
    _wait(site, lambda: _replicas(site) == 1, "the second pod to be removed")
    assert _serving_pods(site) >= 1


def _is_scaled_by_keda(site: Site) -> bool:
    conditions = site.get("scaledobject", NAME).get("status", {}).get("conditions", [])
    return any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)


def _replicas(site: Site) -> int:
    return int(site.get("deployment", NAME)["spec"]["replicas"])


def _serving_pods(site: Site) -> int:
    return int(site.get("deployment", NAME)["status"].get("readyReplicas", 0))


def _wait(site: Site, condition: Callable[[], bool], description: str) -> None:
    site.cluster.wait(condition, description, SECONDS)
