"""What is left to do, for each way in which what is differs from what shall be."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.names import SERVICE_MONITOR, ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.reasons import Reason
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import family
from ocr_operator.manifests import variant_resources
from ocr_operator.observed.observation import ObservedObject, ObservedPod
from ocr_operator.planning.plan import (
    AppliedObject,
    Apply,
    Observed,
    Plan,
    Remove,
    TransferReplicasOwnership,
    plan,
    ref_of,
)

Make = Callable[..., dict[str, Any]]
Live = Callable[..., ObservedObject]
MakePod = Callable[..., ObservedPod]
Written_ = Mapping[ObjectReference, AppliedObject]
Absent = Callable[[dict[str, Any]], Plan]

MOBILE = {"language": "ch", "modelType": "mobile"}
ENGLISH = {"language": "en", "modelType": "mobile"}
SCALED = MOBILE | {"autoscaling": {"maxReplicas": 4}}
GPU = {"resourceName": "nvidia.com/gpu"}
HUB = {"source": "Hub"}


@pytest.fixture
def planned(config: OperatorConfig, now: datetime) -> Callable[..., Plan]:
    """`planned(backend, children, written, pods)`."""

    def make(
        backend: dict[str, Any],
        children: tuple[ObservedObject, ...] = (),
        written: Written_ | None = None,
        pods: tuple[ObservedPod, ...] = (),
    ) -> Plan:
        return plan(family(backend), Observed(children, pods), written or {}, config, now)

    return make


@pytest.fixture
def absent(config: OperatorConfig, now: datetime) -> Absent:
    """`absent(backend)`: the plan where there is nothing yet, and no Prometheus operator either."""
    observed = Observed(absent=frozenset({SERVICE_MONITOR}))
    return lambda backend: plan(family(backend), observed, {}, config, now)


@pytest.fixture
def settled(
    planned: Callable[..., Plan], live: Live
) -> Callable[..., tuple[tuple[ObservedObject, ...], Written_]]:
    """`settled(backend)`: the children and the memory after all that a plan asks for was done."""

    def make(backend: dict[str, Any], **more: Any) -> tuple[tuple[ObservedObject, ...], Written_]:
        applied = [step.child for step in planned(backend).steps if isinstance(step, Apply)]
        children = tuple(live(child, **more) for child in applied)
        return children, {
            one.ref: AppliedObject(digest(child), one) for child, one in zip(applied, children, strict=True)
        }

    return make


def _kinds(found: Plan) -> list[tuple[str, str]]:
    return [(type(step).__name__, step.ref.kind) for step in found.steps]


def test_of_nothing_everything_is_made(ocrbackend: Make, planned: Callable[..., Plan]) -> None:
    found = planned(ocrbackend(variants=[MOBILE, SCALED | {"language": "en"}]))
    assert _kinds(found) == [
        ("Apply", "Service"),
        ("Apply", "Deployment"),
        ("Apply", "Service"),
        ("Apply", "Deployment"),
        ("Apply", "HorizontalPodAutoscaler"),
    ]
    assert {step.uid for step in found.steps if isinstance(step, Apply)} == {None}


def test_nothing_is_left_to_do_once_it_is_done(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend(variants=[MOBILE, SCALED | {"language": "en"}])
    assert planned(backend, *settled(backend)).steps == ()


def test_after_a_restart_every_child_is_applied_once_more_to_the_same_object(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend()
    children, _ = settled(backend)
    found = planned(backend, children)
    assert [step.uid for step in found.steps if isinstance(step, Apply)] == [one.uid for one in children]


def test_a_changed_spec_writes_only_what_changes(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend())
    found = planned(ocrbackend(options={"scoreThreshold": "0.6"}), *state)
    assert _kinds(found) == [("Apply", "Deployment")]


def test_a_field_taken_from_us_is_rolled_back(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend()
    children, written = settled(backend)
    edited = tuple(replace(one, ownership="less") if one.ref.kind == "Service" else one for one in children)
    assert _kinds(planned(backend, edited, written)) == [("Apply", "Service")]


def test_a_child_that_was_deleted_is_made_again(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend()
    children, written = settled(backend)
    left = tuple(one for one in children if one.ref.kind != "Deployment")
    [step] = planned(backend, left, written).steps
    assert isinstance(step, Apply)
    assert (step.ref.kind, step.uid) == ("Deployment", None)


def test_a_child_that_is_being_deleted_is_left_alone(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend()
    children, written = settled(backend)
    dying = tuple(replace(one, is_deleting=True) for one in children)
    assert planned(backend, dying, written).steps == ()


def test_children_of_a_variant_that_is_gone_are_deleted(
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
    found = planned(ocrbackend(ocrVersion="PP-OCRv6", models={"source": "Builtin"}), *state)
    assert [step.ref.kind for step in found.steps if isinstance(step, Remove)] == ["Job"]


def test_a_larger_volume_is_asked_of_the_same_claim(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(models=HUB))
    [step] = planned(ocrbackend(models=HUB | {"storage": {"size": "9Gi"}}), *state).steps
    assert isinstance(step, Apply)
    assert step.ref.kind == "PersistentVolumeClaim"
    assert step.child["spec"]["resources"] == {"requests": {"storage": "9Gi"}}
    assert step.uid == next(child.uid for child in state[0] if child.ref == step.ref)


def test_a_variant_whose_settings_are_refused_keeps_what_it_has(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    korean = [{"language": "korean", "modelType": "mobile"}]
    state = settled(ocrbackend(variants=korean))
    assert planned(ocrbackend(variants=korean, ocrVersion="PP-OCRv6"), *state).steps == ()


def test_a_paused_object_is_not_touched(ocrbackend: Make, planned: Callable[..., Plan]) -> None:
    assert planned(ocrbackend(paused=True)).steps == ()


def test_an_autoscaler_takes_over_at_the_present_number_of_pods(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(variants=[MOBILE | {"replicas": 3}]))
    steps = planned(ocrbackend(variants=[SCALED]), *state).steps
    assert [type(step) for step in steps] == [TransferReplicasOwnership, Apply, Apply, Remove]
    assert steps[3].ref.kind == "PodDisruptionBudget"
    assert isinstance(steps[0], TransferReplicasOwnership)
    assert steps[0].replicas == 3


def test_nothing_is_handed_over_that_we_do_not_own(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend(variants=[SCALED])
    children, _ = settled(backend)
    assert not [
        step for step in planned(backend, children).steps if isinstance(step, TransferReplicasOwnership)
    ]


def test_without_autoscaling_the_autoscaler_goes_and_the_number_is_ours_again(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    state = settled(ocrbackend(variants=[SCALED]))
    found = planned(ocrbackend(variants=[MOBILE | {"replicas": 2}]), *state)
    assert _kinds(found) == [
        ("Apply", "Deployment"),
        ("Apply", "PodDisruptionBudget"),
        ("Remove", "HorizontalPodAutoscaler"),
    ]


@pytest.mark.parametrize(
    ("owner", "labels", "reason"),
    [
        pytest.param("somebody", {}, Reason.CONFLICT, id="somebody else's is left alone"),
        pytest.param(None, {}, Reason.CONFLICT, id="nobody's without our labels is left alone"),
        pytest.param("uid-0", None, Reason.TERMINATING, id="a predecessor's is waited for"),
        pytest.param(None, None, None, id="an orphan of ours is taken back"),
    ],
)
def test_an_object_with_a_childs_name(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    settled: Callable[..., Any],
    owner: str | None,
    labels: dict[str, str] | None,
    reason: Reason | None,
) -> None:
    backend = ocrbackend()
    children, _ = settled(backend)
    strange = replace(next(one for one in children if one.ref.kind == "Service"), owner_uid=owner)
    strange = strange if labels is None else replace(strange, labels=labels)
    found = planned(backend, (strange,))
    applied = [step.ref for step in found.steps]
    if reason is None:
        assert strange.ref in applied
    else:
        assert strange.ref not in applied
        assert found.problems[strange.ref].reason is reason
        assert strange.ref.name in found.problems[strange.ref].message


def _strange_service(
    backend: dict[str, Any], settled: Callable[..., Any], **changes: Any
) -> tuple[ObservedObject, ...]:
    children, _ = settled(backend)
    service = next(one for one in children if one.ref.kind == "Service")
    return (replace(service, labels={}, **changes),)


def test_an_object_whose_owner_allows_it_is_taken_over(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any]
) -> None:
    backend = ocrbackend()
    strange = _strange_service(backend, settled, owner_uid=None, adopter="ocr", uid="theirs")
    found = planned(backend, strange)
    assert found.problems == {}
    [step] = [one for one in found.steps if isinstance(one, Apply) and one.ref.kind == "Service"]
    assert step.uid == "theirs"


@pytest.mark.parametrize(
    ("owner", "adopter"),
    [
        pytest.param(None, "other", id="it is meant for another OCRBackend"),
        pytest.param("somebody", "ocr", id="a controller holds it and would make it again"),
    ],
)
def test_an_object_is_not_taken_over_where(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    settled: Callable[..., Any],
    owner: str | None,
    adopter: str,
) -> None:
    backend = ocrbackend()
    [strange] = _strange_service(backend, settled, owner_uid=owner, adopter=adopter)
    found = planned(backend, (strange,))
    assert found.problems[strange.ref].reason is Reason.CONFLICT
    is_offered = "kubectl annotate service ocr-ch-mobile ocrbackend.io/adopt=ocr" in (
        found.problems[strange.ref].message
    )
    assert is_offered is (owner is None)


def test_a_kind_that_the_cluster_lacks_is_told_or_done_without(ocrbackend: Make, absent: Absent) -> None:
    assert absent(ocrbackend(monitoring={"serviceMonitor": "Auto"})).problems == {}
    found = absent(ocrbackend(monitoring={"serviceMonitor": "Always"}))
    [(ref, cause)] = found.problems.items()
    assert (ref.kind, ref.name) == ("ServiceMonitor", "ocr")
    assert cause.reason is Reason.API_MISSING
    assert "set spec.monitoring.serviceMonitor to Auto or Never" in cause.message
    assert not [step for step in found.steps if step.ref.kind == "ServiceMonitor"]


class TestSurge:
    """With devices there may be no room for the new pod beside the old one."""

    NEW = "Insufficient nvidia.com/gpu"

    def _pods(self, pod: MakePod, backend: dict[str, Any], config: OperatorConfig, **new: Any) -> Any:
        found = family(backend)
        [variant] = found.variants
        deployment = variant_resources.deployment(found, variant, config, in_place=False)
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        message = f"0/1 nodes are available: 1 {self.NEW}."
        old = pod(labels | {"ocrbackend.io/revision": "old"}, ready=True, devices={"nvidia.com/gpu": "1"})
        return old, pod(labels, unscheduled=message, **new)

    def _is_in_place(self, found: Plan) -> bool:
        [deployment] = [
            step.child for step in found.steps if isinstance(step, Apply) and step.ref.kind == "Deployment"
        ]
        return bool(deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0)

    def test_the_old_pod_gives_way_when_the_new_one_has_waited(
        self,
        ocrbackend: Make,
        planned: Callable[..., Plan],
        pod: MakePod,
        config: OperatorConfig,
        now: datetime,
    ) -> None:
        backend = ocrbackend(accelerator=GPU)
        pods = self._pods(pod, backend, config, since=now - timedelta(seconds=61))
        found = planned(backend, pods=pods)
        assert self._is_in_place(found)
        assert found.requeue_after is None

    def test_before_that_it_is_only_looked_at_again(
        self,
        ocrbackend: Make,
        planned: Callable[..., Plan],
        pod: MakePod,
        config: OperatorConfig,
        now: datetime,
    ) -> None:
        backend = ocrbackend(accelerator=GPU)
        pods = self._pods(pod, backend, config, since=now - timedelta(seconds=20))
        found = planned(backend, pods=pods)
        assert not self._is_in_place(found)
        assert found.requeue_after == 40

    def test_a_pod_without_the_device_is_not_stopped_for_it(
        self,
        ocrbackend: Make,
        planned: Callable[..., Plan],
        pod: MakePod,
        config: OperatorConfig,
        now: datetime,
    ) -> None:
        backend = ocrbackend(accelerator=GPU)
        old, new = self._pods(pod, backend, config, since=now - timedelta(hours=1))
        assert not self._is_in_place(planned(backend, pods=(replace(old, devices={}), new)))

    def test_a_pod_of_the_same_revision_is_not_stopped_to_make_one_more(
        self,
        ocrbackend: Make,
        planned: Callable[..., Plan],
        pod: MakePod,
        config: OperatorConfig,
        now: datetime,
    ) -> None:
        backend = ocrbackend(accelerator=GPU)
        old, new = self._pods(pod, backend, config, since=now - timedelta(hours=1))
        assert not self._is_in_place(planned(backend, pods=(replace(old, revision=new.revision), new)))

    @pytest.mark.parametrize(("surge", "is_in_place"), [("Always", False), ("Never", True)])
    def test_the_spec_may_say_which(
        self,
        ocrbackend: Make,
        planned: Callable[..., Plan],
        pod: MakePod,
        config: OperatorConfig,
        now: datetime,
        surge: str,
        is_in_place: bool,
    ) -> None:
        backend = ocrbackend(accelerator=GPU, rollout={"surge": surge})
        pods = self._pods(pod, backend, config, since=now - timedelta(hours=1))
        assert self._is_in_place(planned(backend, pods=pods)) is is_in_place


def test_a_child_is_found_by_its_whole_name(ocrbackend: Make, planned: Callable[..., Plan]) -> None:
    [claim, *_] = planned(ocrbackend(models=HUB)).steps
    assert isinstance(claim, Apply)
    assert ref_of(claim.child) == ObjectReference("v1", "PersistentVolumeClaim", "labs", "ocr-models")
