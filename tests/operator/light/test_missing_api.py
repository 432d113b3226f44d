"""A cluster without the Prometheus operator, one that gets it, and one that loses it."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from operator_process import Operator
from prometheus_crds import service_monitor_crd

pytestmark = pytest.mark.light

CHINESE = {"language": "ch", "modelType": "mobile"}
SERVICE_MONITORS = "crd/servicemonitors.monitoring.coreos.com"

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Install = Callable[..., None]
Started = Callable[..., AbstractContextManager[Operator]]


def test_a_missing_api_is_told_takes_nothing_from_what_serves_and_is_used_once_it_is_there(
    release: Release, install: Install, started: Started
) -> None:
    release.cluster.kubectl("delete", SERVICE_MONITORS, "--ignore-not-found")
    install("backends=null")
    with started():
        release.apply(monitoring={"serviceMonitor": "Auto"})
        release.wait_for("True", "Available")
        release.wait_for("True", "Applied", "Reconciled")
        release.apply(monitoring={"serviceMonitor": "Always"})
        message = release.wait_for("False", "ApiMissing", "Reconciled")["message"]
        assert "the cluster has no ServiceMonitor of monitoring.coreos.com/v1" in message
        release.wait_for("True", "Available")
        release.cluster.kubectl("apply", "--server-side", "--filename", str(service_monitor_crd()))
        release.wait_for("True", "Applied", "Reconciled")
        assert release.names("servicemonitors") == {"ocr"}
        _assert_drift_is_repaired(release)


def _assert_drift_is_repaired(release: Release) -> None:
    """Of a kind that kopf does not watch, within 15 s; and one asked for where it can be has it too."""
    release.apply(name="other", monitoring={"serviceMonitor": "Auto"})
    release.cluster.wait(lambda: release.names("servicemonitors") == {"ocr", "other"}, "the other's too")
    release.kubectl("delete", "servicemonitor", "other")
    path = "/spec/endpoints/0/path"
    patch = json.dumps([{"op": "replace", "path": path, "value": "/elsewhere"}])
    release.kubectl("patch", "servicemonitor", "ocr", "--type=json", f"--patch={patch}")
    release.cluster.wait(lambda: release.names("servicemonitors") == {"ocr", "other"}, "it to be made again")
    release.cluster.wait(
        lambda: release.get("servicemonitor", "ocr")["spec"]["endpoints"][0]["path"] == "/metrics",
        "the edit to be undone",
    )


def test_the_operator_starts_anew_where_an_api_goes_and_then_does_without_it(
    service_monitors: None, release: Release, install: Install, started: Started
) -> None:
    install("backends=null")
    try:
        with started() as operator:
            release.apply(monitoring={"serviceMonitor": "Always"})
            release.wait_for("True", "Applied", "Reconciled")
            release.cluster.kubectl("delete", SERVICE_MONITORS)
            # The kubelet would start it again.
            operator.process.wait(60)
        with started():
            release.wait_for("False", "ApiMissing", "Reconciled")
            release.apply(monitoring={"serviceMonitor": "Always"}, variants=[CHINESE | {"replicas": 2}])
            release.wait_for("True", "Available")
            assert release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 2
    finally:
        release.cluster.kubectl("apply", "--server-side", "--filename", str(service_monitor_crd()))
