"""For any sequence of specs the plan reaches the desired state, and keeps its guarantees on the way."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generated_cases import cases
from ocr_backend.config import model_catalog
from ocr_operator.api.names import (
    LANGUAGE_LABEL,
    MODEL_TYPE_LABEL,
    REVISION_LABEL,
    ObjectReference,
    child_name,
)
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.revision import digest
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.state import AppliedObject, Observed
from ocr_operator.planning.plan import plan
from ocr_operator.planning.steps import Apply, Plan, Remove, TransferReplicasOwnership
from recorded_downloads import status_with_downloads

KEYS = [
    (language, model_type)
    for language in model_catalog.languages_of("PP-OCRv6")
    for model_type in model_catalog.MODEL_TYPES
]

pods = st.one_of(
    st.fixed_dictionaries({"replicas": st.integers(1, 5)}),
    st.fixed_dictionaries({"autoscaling": st.fixed_dictionaries({"maxReplicas": st.integers(1, 5)})}),
    st.just({"autoscaling": {"mode": "Queue", "maxReplicas": 4, "prometheusAddress": "http://prometheus"}}),
)
variants = st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True).flatmap(
    lambda keys: st.tuples(*(pods.map(lambda fields, key=key: _variant(key, fields)) for key in keys)).map(
        list
    )
)
specs = st.fixed_dictionaries(
    {
        "ocrVersion": st.sampled_from(["PP-OCRv6", "PP-OCRv5"]),
        "variants": variants,
        "models": st.sampled_from([{"source": "Hub"}, {"source": "Claim", "storage": {"claimName": "c"}}]),
        "options": st.fixed_dictionaries({"scoreThreshold": st.sampled_from(["0.5", "0.6"])}),
        "rollout": st.fixed_dictionaries({"surge": st.sampled_from(["Auto", "Never"])}),
        "networkPolicy": st.fixed_dictionaries({"enabled": st.booleans()}),
        "monitoring": st.fixed_dictionaries({"serviceMonitor": st.sampled_from(["Never", "Auto", "Always"])}),
    }
)
# A user deletes or edits an object: its position among all objects, modulo their number.
disturbances = st.lists(st.tuples(st.sampled_from(["delete", "edit"]), st.integers(0, 20)), max_size=4)


def _variant(key: tuple[str, str], fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "-".join(key).replace("_", "-"),
        "language": key[0],
        "modelType": key[1],
        **copy.deepcopy(fields),
    }


@dataclass
class Model:
    """The objects in an API server."""

    live: Callable[..., ObservedObject]
    objects: dict[ObjectReference, ObservedObject] = field(default_factory=dict)
    last_applied: dict[ObjectReference, AppliedObject] = field(default_factory=dict)
    handed_over: set[ObjectReference] = field(default_factory=set)

    def carry_out(self, planned: Plan) -> None:
        for step in planned.steps:
            match step:
                case Apply(desired, _):
                    self.objects[step.ref] = self.live(desired, replicas=self._replicas(step.ref))
                    self.last_applied[step.ref] = AppliedObject(digest(desired), self.objects[step.ref])
                case Remove(ref, _):
                    del self.objects[ref]
                case TransferReplicasOwnership(ref, _, replicas):
                    assert self.objects[ref].replicas == replicas
                    self.handed_over.add(ref)

    def observed(self, now: datetime) -> Observed:
        """The present state, with the report of every Job in the status."""
        jobs = frozenset(ref.name for ref in self.objects if ref.kind == "Job")
        return Observed(
            now,
            tuple(self.objects.values()),
            previous_status=status_with_downloads(jobs),
            last_applied=self.last_applied,
        )

    def complete_downloads(self) -> None:
        """All Jobs complete."""
        for ref, child in self.objects.items():
            if ref.kind == "Job":
                complete = {"conditions": [{"type": "Complete", "status": "True"}]}
                self.objects[ref] = replace(child, status=complete)

    def _replicas(self, ref: ObjectReference) -> int | None:
        """Replicas after an apply without the field: a field without an owner is removed."""
        existing = self.objects.get(ref)
        is_lost = existing is not None and existing.owns_replicas and ref not in self.handed_over
        return None if existing is None or is_lost else existing.replicas

    def disturb(self, how: str, position: int) -> None:
        if not self.objects:
            return
        ref = sorted(self.objects)[position % len(self.objects)]
        if how == "delete":
            del self.objects[ref]
            self.handed_over.discard(ref)
        else:
            self.objects[ref] = replace(self.objects[ref], applied_hash="changed")


# The fixtures have no state, so all examples may share them.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=cases(60))
@given(history=st.lists(st.tuples(specs, disturbances, st.booleans()), min_size=1, max_size=4))
def test_a_plan_reaches_the_desired_state_from_any_state(
    ocrbackend: Callable[..., dict[str, Any]],
    live: Callable[..., ObservedObject],
    config: OperatorConfig,
    now: datetime,
    history: list[tuple[dict[str, Any], list[tuple[str, int]], bool]],
) -> None:
    model = Model(live)
    for spec, edits, is_restarted in history:
        desired_spec = parse_backend(ocrbackend(**spec))
        for disturbance in edits:
            model.disturb(*disturbance)
        if is_restarted:
            model.last_applied.clear()
        before = dict(model.objects)
        first = plan(desired_spec, model.observed(now), config)
        _check_no_pods_without_models(spec, before, first)
        model.carry_out(first)
        _check_deployments_stay(before, model.objects, spec)
        model.complete_downloads()
        model.carry_out(plan(desired_spec, model.observed(now), config))
        last = plan(desired_spec, model.observed(now), config)
        assert last.steps == ()
        assert _names(model) == _expected_names(spec)
        _check_volumes_stay(before, model.objects)
        _check_autoscaled_replicas_stay(spec, before, model.objects)


def _check_no_pods_without_models(
    spec: dict[str, Any], before: dict[ObjectReference, ObservedObject], planned: Plan
) -> None:
    """A Deployment gets another revision only if a Job for its model set is complete."""
    if spec["models"]["source"] != "Hub":
        return
    complete = {ref.name for ref, child in before.items() if ref.kind == "Job" and child.status}
    for step in planned.steps:
        if isinstance(step, Apply) and step.ref.kind == "Deployment":
            labels = step.desired["spec"]["template"]["metadata"]["labels"]
            is_running = step.ref in before and before[step.ref].revision == labels[REVISION_LABEL]
            key = labels[LANGUAGE_LABEL], labels[MODEL_TYPE_LABEL]
            assert is_running or complete & _jobs_for(spec, key)


def _jobs_for(spec: dict[str, Any], key: tuple[str, str]) -> set[str]:
    """Names of Jobs that download the variant's models, computed independently of the plan."""
    names = model_catalog.model_set(spec["ocrVersion"], *key)
    models = [names.detection, names.recognition, model_catalog.TEXTLINE_ORIENTATION]
    return {f"ocr-models-{digest([models, ('auto', False), 'huggingface', ''])}"}


def _check_deployments_stay(
    before: dict[ObjectReference, ObservedObject],
    after: dict[ObjectReference, ObservedObject],
    spec: dict[str, Any],
) -> None:
    names = {f"ocr-{variant['name']}" for variant in spec["variants"]}
    serving = {ref for ref in before if ref.kind == "Deployment" and ref.name in names}
    assert serving <= set(after)


def _check_volumes_stay(
    before: dict[ObjectReference, ObservedObject], after: dict[ObjectReference, ObservedObject]
) -> None:
    assert {ref for ref in before if ref.kind == "PersistentVolumeClaim"} <= set(after)


def _check_autoscaled_replicas_stay(
    spec: dict[str, Any],
    before: dict[ObjectReference, ObservedObject],
    after: dict[ObjectReference, ObservedObject],
) -> None:
    scaled = {child_name("ocr", variant["name"]) for variant in spec["variants"] if "autoscaling" in variant}
    for ref in before:
        if ref.kind == "Deployment" and ref.name in scaled:
            assert after[ref].replicas == before[ref].replicas


def _names(model: Model) -> set[tuple[str, str]]:
    return {(ref.kind, ref.name) for ref in model.objects if ref.kind != "PersistentVolumeClaim"}


def _expected_jobs(spec: dict[str, Any]) -> set[tuple[str, str]]:
    if spec["models"]["source"] != "Hub":
        return set()
    keys = [(variant["language"], variant["modelType"]) for variant in spec["variants"]]
    return {("Job", name) for key in keys for name in _jobs_for(spec, key)}


def _expected_names(spec: dict[str, Any]) -> set[tuple[str, str]]:
    expected = _expected_jobs(spec)
    if spec["networkPolicy"]["enabled"]:
        expected.add(("NetworkPolicy", "ocr"))
    if spec["monitoring"]["serviceMonitor"] != "Never":
        expected.add(("ServiceMonitor", "ocr"))
    for variant in spec["variants"]:
        name = child_name("ocr", variant["name"])
        expected |= {("Deployment", name), ("Service", name)}
        if "autoscaling" in variant:
            is_on_queue = variant["autoscaling"].get("mode") == "Queue"
            expected.add(("ScaledObject" if is_on_queue else "HorizontalPodAutoscaler", name))
        is_free_to_move = spec["models"]["source"] != "Hub"
        if (
            is_free_to_move
            and max(variant.get("replicas", 1), variant.get("autoscaling", {}).get("maxReplicas", 1)) > 1
        ):
            expected.add(("PodDisruptionBudget", name))
    return expected


@pytest.mark.parametrize("order", [list(KEYS), list(reversed(KEYS))])
def test_the_order_of_variants_does_not_change_objects(
    ocrbackend: Callable[..., dict[str, Any]],
    config: OperatorConfig,
    now: datetime,
    order: list[tuple[str, str]],
) -> None:
    backend = ocrbackend(ocrVersion="PP-OCRv6", variants=[_variant(key, {}) for key in order])
    result = plan(parse_backend(backend), Observed(now), config)
    applied = {step.ref: digest(step.desired) for step in result.steps if isinstance(step, Apply)}
    straight = ocrbackend(ocrVersion="PP-OCRv6", variants=[_variant(key, {}) for key in KEYS])
    expected = plan(parse_backend(straight), Observed(now), config)
    assert applied == {step.ref: digest(step.desired) for step in expected.steps if isinstance(step, Apply)}
