"""Existing objects that may or may not be managed, and APIs that are missing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ocr_operator.api.names import SCALED_OBJECT, SERVICE_MONITOR
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.state import Observed
from ocr_operator.planning.plan import plan
from ocr_operator.planning.steps import Apply, Plan

Make = Callable[..., dict[str, Any]]
Absent = Callable[[dict[str, Any]], Plan]


@pytest.fixture
def absent(config: OperatorConfig, now: datetime) -> Absent:
    """`absent(backend)`: the plan without any objects, the Prometheus operator and KEDA."""
    observed = Observed(now, absent_apis=frozenset({SERVICE_MONITOR, SCALED_OBJECT}))
    return lambda backend: plan(parse_backend(backend), observed, config)


@pytest.mark.parametrize(
    ("owner", "labels", "reason"),
    [
        pytest.param("another", {}, Reason.CONFLICT, id="it has another owner"),
        pytest.param(None, {}, Reason.CONFLICT, id="it has neither an owner nor our labels"),
        pytest.param("uid-0", None, Reason.TERMINATING, id="it belongs to a deleted OCRBackend"),
        pytest.param(None, None, None, id="our own orphan is adopted"),
    ],
)
def test_an_existing_object_with_the_name_of_a_managed_one(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    settled: Callable[..., Any],
    owner: str | None,
    labels: dict[str, str] | None,
    reason: Reason | None,
) -> None:
    backend = ocrbackend()
    objects, _ = settled(backend)
    foreign = replace(next(each for each in objects if each.ref.kind == "Service"), owner_uid=owner)
    foreign = foreign if labels is None else replace(foreign, labels=labels)
    result = planned(backend, (foreign,))
    applied = [step.ref for step in result.steps]
    if reason is None:
        assert foreign.ref in applied
    else:
        assert foreign.ref not in applied
        assert result.problems[foreign.ref].reason is reason
        assert foreign.ref.name in result.problems[foreign.ref].message


def _foreign_service(
    backend: dict[str, Any], settled: Callable[..., Any], **changes: Any
) -> tuple[ObservedObject, ...]:
    objects, _ = settled(backend)
    service = next(each for each in objects if each.ref.kind == "Service")
    return (replace(service, labels={}, **changes),)


def test_an_object_with_the_adopt_annotation_is_adopted(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend()
    foreign = _foreign_service(backend, settled, owner_uid=None, adopter="ocr", uid="theirs")
    result = planned(backend, foreign)
    assert result.problems == {}
    [step] = [each for each in result.steps if isinstance(each, Apply) and each.ref.kind == "Service"]
    assert step.uid == "theirs"


@pytest.mark.parametrize(
    ("owner", "adopter"),
    [
        pytest.param(None, "other", id="the annotation names another OCRBackend"),
        pytest.param("another", "ocr", id="it has a controller"),
    ],
)
def test_an_object_is_not_adopted_when(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    settled: Callable[..., Any],
    owner: str | None,
    adopter: str,
) -> None:
    backend = ocrbackend()
    [foreign] = _foreign_service(backend, settled, owner_uid=owner, adopter=adopter)
    result = planned(backend, (foreign,))
    assert result.problems[foreign.ref].reason is Reason.CONFLICT
    has_hint = "kubectl annotate service ocr-ch-mobile ocrbackend.io/adopt=ocr" in (
        result.problems[foreign.ref].message
    )
    assert has_hint is (owner is None)


def test_a_missing_api_is_a_problem_only_if_it_is_required(ocrbackend: Make, absent: Absent) -> None:
    assert absent(ocrbackend(monitoring={"serviceMonitor": "Auto"})).problems == {}
    result = absent(ocrbackend(monitoring={"serviceMonitor": "Always"}))
    [(ref, cause)] = result.problems.items()
    assert (ref.kind, ref.name) == ("ServiceMonitor", "ocr")
    assert cause.reason is Reason.API_MISSING
    assert "set spec.monitoring.serviceMonitor to Auto or Never" in cause.message
    assert not [step for step in result.steps if step.ref.kind == "ServiceMonitor"]


def test_without_keda_the_variant_runs_and_the_missing_api_is_a_problem(
    ocrbackend: Make, absent: Absent
) -> None:
    scaling = {"mode": "Queue", "minReplicas": 2, "maxReplicas": 4, "prometheusAddress": "http://prometheus"}
    variant = {"name": "ch-mobile", "language": "ch", "modelType": "mobile", "autoscaling": scaling}
    result = absent(ocrbackend(variants=[variant]))
    [(ref, cause)] = result.problems.items()
    assert (ref.kind, ref.name) == ("ScaledObject", "ocr-ch-mobile")
    assert cause.reason is Reason.API_MISSING
    assert "autoscaling.mode to CPU or External" in cause.message
    [deployment] = [step for step in result.steps if step.ref.kind == "Deployment"]
    assert isinstance(deployment, Apply)
    assert deployment.desired["spec"]["replicas"] == 2
