"""A rollout stops an old pod first if there is no free device for a new one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.manifests import variant_resources
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.planning.steps import Apply, Plan

Make = Callable[..., dict[str, Any]]
MakePod = Callable[..., ObservedPod]
GPU = {"resourceName": "nvidia.com/gpu"}
NEW = "Insufficient nvidia.com/gpu"


def _pods(pod: MakePod, backend: dict[str, Any], config: OperatorConfig, **new: Any) -> Any:
    result = parse_backend(backend)
    [variant] = result.variants
    deployment = variant_resources.deployment(result, variant, config, in_place=False)
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    message = f"0/1 nodes are available: 1 {NEW}."
    old = pod(labels | {"ocrbackend.io/revision": "old"}, ready=True, devices={"nvidia.com/gpu": "1"})
    return old, pod(labels, unschedulable_message=message, **new)


def _is_in_place(result: Plan) -> bool:
    [deployment] = [
        step.desired for step in result.steps if isinstance(step, Apply) and step.ref.kind == "Deployment"
    ]
    return bool(deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0)


def test_the_old_pod_is_stopped_after_the_new_one_has_waited(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    pod: MakePod,
    config: OperatorConfig,
    now: datetime,
) -> None:
    backend = ocrbackend(accelerator=GPU)
    pods = _pods(pod, backend, config, since=now - timedelta(seconds=61))
    result = planned(backend, pods=pods)
    assert _is_in_place(result)
    assert result.requeue_after is None


def test_until_then_the_plan_is_made_again_later(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    pod: MakePod,
    config: OperatorConfig,
    now: datetime,
) -> None:
    backend = ocrbackend(accelerator=GPU)
    pods = _pods(pod, backend, config, since=now - timedelta(seconds=20))
    result = planned(backend, pods=pods)
    assert not _is_in_place(result)
    assert result.requeue_after == 40


@pytest.mark.parametrize(
    "old_pod",
    [
        pytest.param({"requests": {}}, id="it has no device"),
        pytest.param({"revision": None}, id="it has the same revision"),
        pytest.param({"is_terminating": True}, id="it is stopping already and makes the room"),
    ],
)
def test_a_pod_is_not_stopped_in_vain(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    pod: MakePod,
    config: OperatorConfig,
    now: datetime,
    old_pod: dict[str, Any],
) -> None:
    backend = ocrbackend(accelerator=GPU)
    old, new = _pods(pod, backend, config, since=now - timedelta(hours=1))
    facts = {"revision": new.revision} if "revision" in old_pod else old_pod
    assert not _is_in_place(planned(backend, pods=(replace(old, **facts), new)))


def test_each_new_pod_has_waited_before_an_old_one_is_stopped(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    pod: MakePod,
    config: OperatorConfig,
    now: datetime,
) -> None:
    backend = ocrbackend(accelerator=GPU)
    old, new = _pods(pod, backend, config, since=now - timedelta(hours=1))
    newest = replace(new, name="newest", unschedulable_since=now - timedelta(seconds=20))
    result = planned(backend, pods=(old, new, newest))
    assert not _is_in_place(result)
    assert result.requeue_after == 40


@pytest.mark.parametrize(("surge", "is_in_place"), [("Always", False), ("Never", True)])
def test_the_spec_may_force_either(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    pod: MakePod,
    config: OperatorConfig,
    now: datetime,
    surge: str,
    is_in_place: bool,
) -> None:
    backend = ocrbackend(accelerator=GPU, rollout={"surge": surge})
    pods = _pods(pod, backend, config, since=now - timedelta(hours=1))
    assert _is_in_place(planned(backend, pods=pods)) is is_in_place
