"""Reconciles in a cluster without the Prometheus operator."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.cluster.optional_apis import FRESH_SECONDS
from ocr_operator.controller.requeue import Result
from reconciler_world import BACKEND, KEY, ReconcilerWorld

DEPLOYMENT = ObjectReference("apps/v1", "Deployment", "labs", "ocr-ch-mobile")
SERVICE = ObjectReference("v1", "Service", "labs", "ocr-ch-mobile")
STARTING = Result(is_settled=True, requeue_after=960)
"""Pods that never start are late after the progress deadline of 900 s and a minute."""


@pytest.fixture
def monitored(
    ocrbackend: Callable[..., dict[str, Any]], config: OperatorConfig, now: datetime
) -> Callable[[str], ReconcilerWorld]:
    """`monitored("Always")`: a world whose OCRBackend has this value of `monitoring.serviceMonitor`."""

    def make(service_monitor: str) -> ReconcilerWorld:
        models, monitoring = {"source": "Builtin"}, {"serviceMonitor": service_monitor}
        backend = ocrbackend(ocrVersion="PP-OCRv6", models=models, monitoring=monitoring)
        return ReconcilerWorld(backend, config, now)

    return make


def test_with_always_it_is_a_problem_that_is_checked_again(
    monitored: Callable[[str], ReconcilerWorld],
) -> None:
    world = monitored("Always")
    assert world.reconcile() == Result(is_settled=True, requeue_after=FRESH_SECONDS)
    assert world.condition("Reconciled") == ("False", "ApiMissing")
    assert {ref for ref in world.cluster.objects if ref.kind != "Event"} == {BACKEND, DEPLOYMENT, SERVICE}


def test_with_auto_it_is_no_problem(monitored: Callable[[str], ReconcilerWorld]) -> None:
    world = monitored("Auto")
    assert world.reconcile() == STARTING
    assert world.condition("Reconciled") == ("True", "Applied")
    assert world.reconcile() == STARTING
    assert world.cluster.calls == []


def test_with_never_the_api_server_is_not_asked(monitored: Callable[[str], ReconcilerWorld]) -> None:
    world = monitored("Never")
    world.reconcile()
    assert ("serves", "ServiceMonitor") not in world.cluster.calls


def test_an_absent_kind_is_not_listed(monitored: Callable[[str], ReconcilerWorld]) -> None:
    world = monitored("Auto")
    world.reconciler.mark_stale(KEY)
    world.reconcile()
    assert ("list", "NetworkPolicy") in world.cluster.calls
    assert ("list", "ServiceMonitor") not in world.cluster.calls
