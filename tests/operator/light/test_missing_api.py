"""A cluster without the API of an optional kind, and one where it is installed or removed."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from keda_crds import scaled_object_crd
from operator_process import Operator
from prometheus_crds import service_monitor_crd

pytestmark = pytest.mark.light

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
SERVICE_MONITORS = "crd/servicemonitors.monitoring.coreos.com"
SCALED_OBJECTS = "crd/scaledobjects.keda.sh"
QUEUE = {"mode": "Queue", "minReplicas": 2, "maxReplicas": 4, "prometheusAddress": "http://prometheus"}

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Install = Callable[..., None]
StartOperator = Callable[..., AbstractContextManager[Operator]]


def test_a_missing_api_is_reported_and_used_once_it_is_installed(
    release: Release, install: Install, start_operator: StartOperator
) -> None:
    release.cluster.kubectl("delete", SERVICE_MONITORS, "--ignore-not-found")
    install("defaultBackend.enabled=false")
    with start_operator():
        release.apply(monitoring={"serviceMonitor": "Auto"})
        release.wait_for("True", "Available")
        release.wait_for("True", "Applied", "Reconciled")
        release.apply(monitoring={"serviceMonitor": "Always"})
        message = release.wait_for("False", "ApiMissing", "Reconciled")["message"]
        assert "the cluster has no ServiceMonitor of monitoring.coreos.com/v1" in message
        release.wait_for("True", "Available")
        release.cluster.kubectl("apply", "--server-side", "--filename", str(service_monitor_crd()))
        release.wait_for("True", "Applied", "Reconciled")
        assert release.managed_names("servicemonitors") == {"ocr"}
        _assert_drift_is_repaired(release)


def _assert_drift_is_repaired(release: Release) -> None:
    """Of a kind that kopf does not watch, within 15 s; also with `serviceMonitor: Auto`."""
    release.apply(name="other", monitoring={"serviceMonitor": "Auto"})
    release.cluster.wait(
        lambda: release.managed_names("servicemonitors") == {"ocr", "other"},
        "the ServiceMonitor of the other",
    )
    release.kubectl("delete", "servicemonitor", "other")
    path = "/spec/endpoints/0/path"
    patch = json.dumps([{"op": "replace", "path": path, "value": "/elsewhere"}])
    release.kubectl("patch", "servicemonitor", "ocr", "--type=json", f"--patch={patch}")
    release.cluster.wait(
        lambda: release.managed_names("servicemonitors") == {"ocr", "other"},
        "the ServiceMonitor to be created again",
    )
    release.cluster.wait(
        lambda: release.get("servicemonitor", "ocr")["spec"]["endpoints"][0]["path"] == "/metrics",
        "the edit to be reverted",
    )


def test_the_operator_restarts_and_works_without_a_removed_api(
    service_monitors: None, release: Release, install: Install, start_operator: StartOperator
) -> None:
    install("defaultBackend.enabled=false")
    try:
        with start_operator() as operator:
            release.apply(monitoring={"serviceMonitor": "Always"})
            release.wait_for("True", "Applied", "Reconciled")
            release.cluster.kubectl("delete", SERVICE_MONITORS)
            # The kubelet would restart it.
            operator.process.wait(60)
        with start_operator():
            release.wait_for("False", "ApiMissing", "Reconciled")
            release.apply(monitoring={"serviceMonitor": "Always"}, variants=[CHINESE | {"replicas": 2}])
            release.wait_for("True", "Available")
            assert release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 2
    finally:
        release.cluster.kubectl("apply", "--server-side", "--filename", str(service_monitor_crd()))


def test_without_keda_the_minimum_of_pods_runs_until_it_is_installed(
    release: Release, install: Install, start_operator: StartOperator
) -> None:
    release.cluster.kubectl("delete", SCALED_OBJECTS, "--ignore-not-found")
    install("defaultBackend.enabled=false")
    with start_operator():
        release.apply(variants=[CHINESE | {"autoscaling": QUEUE}])
        release.wait_for("False", "ApiMissing", "Reconciled")
        release.wait_for("True", "Available")
        assert release.get("deployment", "ocr-ch-mobile")["status"]["readyReplicas"] == 2
        release.cluster.kubectl("apply", "--server-side", "--filename", str(scaled_object_crd()))
        release.wait_for("True", "Applied", "Reconciled")
        assert release.managed_names("scaledobjects") == {"ocr-ch-mobile"}
        assert release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 2
        release.kubectl("delete", "scaledobject", "ocr-ch-mobile")
        release.cluster.wait(
            lambda: release.managed_names("scaledobjects"), "the ScaledObject to be created again"
        )
