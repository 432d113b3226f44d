"""Who sets `replicas`: the spec, a suspension, or another controller."""

from collections.abc import Callable
from typing import Any

from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.planning.steps import Apply, Plan, TransferReplicasOwnership

Make = Callable[..., dict[str, Any]]
MOBILE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
EXTERNAL = MOBILE | {"autoscaling": {"mode": "External"}}


def _applied(result: Plan, kind: str = "Deployment") -> list[Any]:
    return [step.desired for step in result.steps if isinstance(step, Apply) and step.ref.kind == kind]


def test_a_suspended_variant_has_no_replicas_and_no_autoscaler(
    ocrbackend: Make, planned: Callable[..., Plan]
) -> None:
    scaled = MOBILE | {"autoscaling": {"maxReplicas": 4}, "suspend": True}
    result = planned(ocrbackend(variants=[scaled]))
    [deployment] = _applied(result)
    assert deployment["spec"]["replicas"] == 0
    assert {step.ref.kind for step in result.steps} == {"Service", "Deployment"}


def test_the_end_of_a_suspension_restores_the_replicas(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(variants=[MOBILE | {"replicas": 2, "suspend": True}]))
    result = planned(ocrbackend(variants=[MOBILE | {"replicas": 2}]), *state)
    [deployment] = _applied(result)
    assert deployment["spec"]["replicas"] == 2
    assert _applied(result, "PodDisruptionBudget")


def test_a_suspended_variant_takes_a_new_revision_at_once(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    suspended = [MOBILE | {"suspend": True}]
    objects, last_applied = settled(ocrbackend(variants=suspended))
    result = planned(ocrbackend(variants=suspended, options={"scoreThreshold": "0.9"}), objects, last_applied)
    [deployment] = _applied(result)
    state = result.rollouts["ch-mobile"]
    assert (state.applied, state.waits_for) == (state.target, ())
    assert deployment["spec"]["replicas"] == 0


def test_replicas_of_an_external_autoscaler_are_never_sent(
    ocrbackend: Make, planned: Callable[..., Plan], live: Callable[..., ObservedObject]
) -> None:
    backend = ocrbackend(variants=[EXTERNAL])
    [created] = _applied(planned(backend))
    assert "replicas" not in created["spec"]
    scaled = live(created, replicas=5)
    result = planned(ocrbackend(variants=[EXTERNAL], options={"scoreThreshold": "0.9"}), (scaled,))
    [changed] = _applied(result)
    assert "replicas" not in changed["spec"]
    assert not _applied(result, "HorizontalPodAutoscaler")
    assert not [step for step in result.steps if isinstance(step, TransferReplicasOwnership)]


def test_a_change_of_replicas_by_an_external_autoscaler_is_no_drift(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend(variants=[EXTERNAL])
    _, last_applied = settled(backend)
    objects, _ = settled(backend, replicas=5)
    assert planned(backend, objects, last_applied).steps == ()


def test_an_external_autoscaler_takes_over_the_present_replicas(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(variants=[MOBILE | {"replicas": 3}]))
    first, *_ = planned(ocrbackend(variants=[EXTERNAL]), *state).steps
    assert isinstance(first, TransferReplicasOwnership)
    assert first.replicas == 3
