"""The steps for each difference between observed and desired state."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ocr_operator.api.names import ObjectReference
from ocr_operator.planning.steps import Apply, Plan, Remove, TransferReplicasOwnership, ref_of

Make = Callable[..., dict[str, Any]]
MOBILE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
ENGLISH = {"name": "en-mobile", "language": "en", "modelType": "mobile"}
SCALED = MOBILE | {"autoscaling": {"maxReplicas": 4}}
QUEUE = {"mode": "Queue", "maxReplicas": 4, "prometheusAddress": "http://prometheus"}
HUB = {"source": "Hub"}


def _kinds(steps: Plan) -> list[tuple[str, str]]:
    return [(type(step).__name__, step.ref.kind) for step in steps.steps]


def test_all_objects_are_created(ocrbackend: Make, planned: Callable[..., Plan]) -> None:
    result = planned(ocrbackend(variants=[MOBILE, SCALED | {"name": "en-mobile", "language": "en"}]))
    assert _kinds(result) == [
        ("Apply", "Service"),
        ("Apply", "Deployment"),
        ("Apply", "Service"),
        ("Apply", "Deployment"),
        ("Apply", "HorizontalPodAutoscaler"),
        ("Apply", "PodDisruptionBudget"),
    ]
    assert {step.uid for step in result.steps if isinstance(step, Apply)} == {None}


def test_a_carried_out_plan_leaves_no_steps(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend(variants=[MOBILE, SCALED | {"name": "en-mobile", "language": "en"}])
    assert planned(backend, *settled(backend)).steps == ()


def test_after_a_restart_every_object_is_applied_again(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend()
    objects, _ = settled(backend)
    result = planned(backend, objects)
    assert [step.uid for step in result.steps if isinstance(step, Apply)] == [each.uid for each in objects]


def test_a_changed_spec_writes_only_changed_objects(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend())
    result = planned(ocrbackend(options={"scoreThreshold": "0.6"}), *state)
    assert _kinds(result) == [("Apply", "Deployment")]


def test_a_field_that_another_manager_took_is_applied_again(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend()
    objects, last_applied = settled(backend)
    edited = tuple(
        replace(each, applied_hash="less") if each.ref.kind == "Service" else each for each in objects
    )
    assert _kinds(planned(backend, edited, last_applied)) == [("Apply", "Service")]


def test_a_deleted_object_is_created_again(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend()
    objects, last_applied = settled(backend)
    remaining = tuple(each for each in objects if each.ref.kind != "Deployment")
    [step] = planned(backend, remaining, last_applied).steps
    assert isinstance(step, Apply)
    assert (step.ref.kind, step.uid) == ("Deployment", None)


def test_an_object_that_is_being_deleted_is_not_written(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend()
    objects, last_applied = settled(backend)
    deleting = tuple(replace(each, is_deleting=True) for each in objects)
    assert planned(backend, deleting, last_applied).steps == ()


def test_objects_of_a_removed_variant_are_deleted(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(variants=[MOBILE, ENGLISH]))
    removed = [step.ref for step in planned(ocrbackend(variants=[MOBILE]), *state).steps]
    assert {(ref.kind, ref.name) for ref in removed} == {
        ("Service", "ocr-en-mobile"),
        ("Deployment", "ocr-en-mobile"),
    }


def test_the_volume_outlives_a_change_of_the_source(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(ocrVersion="PP-OCRv6", models=HUB))
    assert {child.ref.kind for child in state[0]} == {"PersistentVolumeClaim", "Job", "Service"}
    result = planned(ocrbackend(ocrVersion="PP-OCRv6", models={"source": "Builtin"}), *state)
    assert [step.ref.kind for step in result.steps if isinstance(step, Remove)] == ["Job"]


def test_a_larger_volume_is_applied_to_the_same_claim(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(models=HUB))
    [step] = planned(ocrbackend(models=HUB | {"storage": {"size": "9Gi"}}), *state).steps
    assert isinstance(step, Apply)
    assert step.ref.kind == "PersistentVolumeClaim"
    assert step.desired["spec"]["resources"] == {"requests": {"storage": "9Gi"}}
    assert step.uid == next(child.uid for child in state[0] if child.ref == step.ref)


def test_a_variant_with_invalid_settings_keeps_its_objects(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    korean = [{"name": "korean-mobile", "language": "korean", "modelType": "mobile"}]
    state = settled(ocrbackend(variants=korean))
    assert planned(ocrbackend(variants=korean, ocrVersion="PP-OCRv6"), *state).steps == ()


def test_a_paused_backend_has_no_steps(ocrbackend: Make, planned: Callable[..., Plan]) -> None:
    assert planned(ocrbackend(paused=True)).steps == ()


def test_an_autoscaler_takes_over_the_present_number_of_replicas(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(variants=[MOBILE | {"replicas": 3}]))
    steps = planned(ocrbackend(variants=[SCALED]), *state).steps
    assert [type(step) for step in steps] == [TransferReplicasOwnership, Apply, Apply]
    assert isinstance(steps[0], TransferReplicasOwnership)
    assert steps[0].replicas == 3


def test_keda_replaces_an_autoscaler_and_keeps_the_replicas(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(variants=[SCALED]))
    result = planned(ocrbackend(variants=[MOBILE | {"autoscaling": QUEUE}]), *state)
    assert _kinds(result) == [("Remove", "HorizontalPodAutoscaler"), ("Apply", "ScaledObject")]


def test_replicas_that_we_do_not_own_are_not_handed_over(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend(variants=[SCALED])
    objects, _ = settled(backend)
    assert not [
        step for step in planned(backend, objects).steps if isinstance(step, TransferReplicasOwnership)
    ]


def test_without_autoscaling_the_autoscaler_is_deleted_and_replicas_are_applied(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(variants=[SCALED]))
    result = planned(ocrbackend(variants=[MOBILE | {"replicas": 2}]), *state)
    assert _kinds(result) == [("Remove", "HorizontalPodAutoscaler"), ("Apply", "Deployment")]


def test_the_reference_of_an_object_has_its_full_name(ocrbackend: Make, planned: Callable[..., Plan]) -> None:
    [claim, *_] = planned(ocrbackend(models=HUB)).steps
    assert isinstance(claim, Apply)
    assert ref_of(claim.desired) == ObjectReference("v1", "PersistentVolumeClaim", "labs", "ocr-models")
