"""Whatever is asked for, in whatever order: the plan comes to an end, and keeps its promises on the way."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocr_backend.config import model_catalog
from ocr_operator.api.names import (
    LANGUAGE_LABEL,
    MODEL_TYPE_LABEL,
    REVISION_LABEL,
    ObjectReference,
    variant_name,
)
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import family
from ocr_operator.observed.observation import ObservedObject
from ocr_operator.planning.plan import (
    AppliedObject,
    Apply,
    Observed,
    Plan,
    Remove,
    TransferReplicasOwnership,
    plan,
)

KEYS = [
    (language, model_type)
    for language in model_catalog.languages_of("PP-OCRv6")
    for model_type in model_catalog.MODEL_TYPES
]

pods = st.one_of(
    st.fixed_dictionaries({"replicas": st.integers(1, 5)}),
    st.fixed_dictionaries({"autoscaling": st.fixed_dictionaries({"maxReplicas": st.integers(1, 5)})}),
)
variants = st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True).flatmap(
    lambda keys: st.tuples(*(pods.map(lambda more, key=key: _variant(key, more)) for key in keys)).map(list)
)
specs = st.fixed_dictionaries(
    {
        "ocrVersion": st.sampled_from(["PP-OCRv6", "PP-OCRv5"]),
        "variants": variants,
        "models": st.sampled_from(
            [{"source": "Hub"}, {"source": "Claim", "storage": {"existingClaim": "c"}}]
        ),
        "options": st.fixed_dictionaries({"scoreThreshold": st.sampled_from(["0.5", "0.6"])}),
        "rollout": st.fixed_dictionaries({"surge": st.sampled_from(["Auto", "Never"])}),
        "networkPolicy": st.fixed_dictionaries({"enabled": st.booleans()}),
        "monitoring": st.fixed_dictionaries({"serviceMonitor": st.sampled_from(["Never", "Auto", "Always"])}),
    }
)
# Somebody deletes a child, or edits one: its position among those there are, modulo their number.
meddling = st.lists(st.tuples(st.sampled_from(["delete", "edit"]), st.integers(0, 20)), max_size=4)


def _variant(key: tuple[str, str], more: dict[str, Any]) -> dict[str, Any]:
    return {"language": key[0], "modelType": key[1], **copy.deepcopy(more)}


@dataclass
class Model:
    """What an API server keeps, as far as the plan can tell."""

    live: Callable[..., ObservedObject]
    children: dict[ObjectReference, ObservedObject] = field(default_factory=dict)
    written: dict[ObjectReference, AppliedObject] = field(default_factory=dict)
    handed_over: set[ObjectReference] = field(default_factory=set)

    def take(self, found: Plan) -> None:
        for step in found.steps:
            match step:
                case Apply(child, _):
                    self.children[step.ref] = self.live(child, replicas=self._replicas(step.ref))
                    self.written[step.ref] = AppliedObject(digest(child), self.children[step.ref])
                case Remove(ref, _):
                    del self.children[ref]
                case TransferReplicasOwnership(ref, _, replicas):
                    assert self.children[ref].replicas == replicas
                    self.handed_over.add(ref)

    def observed(self) -> Observed:
        """What is there; of every Job the status tells what it published."""
        jobs = frozenset(ref.name for ref in self.children if ref.kind == "Job")
        return Observed(tuple(self.children.values()), recorded=jobs)

    def finish_fetching(self) -> None:
        """Every Job that is there has brought its models."""
        for ref, child in self.children.items():
            if ref.kind == "Job":
                done = {"conditions": [{"type": "Complete", "status": "True"}]}
                self.children[ref] = replace(child, status=done)

    def _replicas(self, ref: ObjectReference) -> int | None:
        """What stays of the number of pods where an apply does not name it: without an owner it goes."""
        there = self.children.get(ref)
        is_lost = there is not None and there.owns_replicas and ref not in self.handed_over
        return None if there is None or is_lost else there.replicas

    def meddle(self, how: str, position: int) -> None:
        if not self.children:
            return
        ref = sorted(self.children)[position % len(self.children)]
        if how == "delete":
            del self.children[ref]
            self.handed_over.discard(ref)
        else:
            self.children[ref] = replace(self.children[ref], ownership="taken")


# The fixtures are functions without state: one for all examples does no harm.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(history=st.lists(st.tuples(specs, meddling, st.booleans()), min_size=1, max_size=4))
def test_one_pass_settles_whatever_happened_before(
    ocrbackend: Callable[..., dict[str, Any]],
    live: Callable[..., ObservedObject],
    config: OperatorConfig,
    now: datetime,
    history: list[tuple[dict[str, Any], list[tuple[str, int]], bool]],
) -> None:
    model = Model(live)
    for spec, disturbances, is_restarted in history:
        wanted = family(ocrbackend(**spec))
        for disturbance in disturbances:
            model.meddle(*disturbance)
        if is_restarted:
            model.written.clear()
        before = dict(model.children)
        first = plan(wanted, model.observed(), model.written, config, now)
        _no_pods_are_made_without_their_models(spec, before, first)
        model.take(first)
        _what_serves_goes_on(before, model.children, spec)
        model.finish_fetching()
        model.take(plan(wanted, model.observed(), model.written, config, now))
        last = plan(wanted, model.observed(), model.written, config, now)
        assert last.steps == ()
        assert _names(model) == _expected_names(spec)
        _no_volume_is_deleted(before, model.children)
        _no_autoscaled_variant_loses_pods(spec, before, model.children)


def _no_pods_are_made_without_their_models(
    spec: dict[str, Any], before: dict[ObjectReference, ObservedObject], found: Plan
) -> None:
    """A Deployment gets another revision only when a finished Job is there for its set of models."""
    if spec["models"]["source"] != "Hub":
        return
    done = {ref.name for ref, child in before.items() if ref.kind == "Job" and child.status}
    for step in found.steps:
        if isinstance(step, Apply) and step.ref.kind == "Deployment":
            labels = step.child["spec"]["template"]["metadata"]["labels"]
            is_running = step.ref in before and before[step.ref].revision == labels[REVISION_LABEL]
            key = labels[LANGUAGE_LABEL], labels[MODEL_TYPE_LABEL]
            assert is_running or done & _jobs_for(spec, key)


def _jobs_for(spec: dict[str, Any], key: tuple[str, str]) -> set[str]:
    """Names of Jobs that fetch what the variant needs, computed apart from the plan."""
    names = model_catalog.model_set(spec["ocrVersion"], *key)
    models = [names.detection, names.recognition, model_catalog.TEXTLINE_ORIENTATION]
    return {f"ocr-models-{digest([models, ('auto', False), 'huggingface', ''])}"}


def _what_serves_goes_on(
    before: dict[ObjectReference, ObservedObject],
    after: dict[ObjectReference, ObservedObject],
    spec: dict[str, Any],
) -> None:
    wanted = {f"ocr-{one['language']}-{one['modelType']}" for one in spec["variants"]}
    serving = {ref for ref in before if ref.kind == "Deployment" and ref.name in wanted}
    assert serving <= set(after)


def _no_volume_is_deleted(
    before: dict[ObjectReference, ObservedObject], after: dict[ObjectReference, ObservedObject]
) -> None:
    assert {ref for ref in before if ref.kind == "PersistentVolumeClaim"} <= set(after)


def _no_autoscaled_variant_loses_pods(
    spec: dict[str, Any],
    before: dict[ObjectReference, ObservedObject],
    after: dict[ObjectReference, ObservedObject],
) -> None:
    scaled = {
        variant_name("ocr", one["language"], one["modelType"])
        for one in spec["variants"]
        if "autoscaling" in one
    }
    for ref in before:
        if ref.kind == "Deployment" and ref.name in scaled:
            assert after[ref].replicas == before[ref].replicas


def _names(model: Model) -> set[tuple[str, str]]:
    return {(ref.kind, ref.name) for ref in model.children if ref.kind != "PersistentVolumeClaim"}


def _expected_jobs(spec: dict[str, Any]) -> set[tuple[str, str]]:
    if spec["models"]["source"] != "Hub":
        return set()
    keys = [(one["language"], one["modelType"]) for one in spec["variants"]]
    return {("Job", name) for key in keys for name in _jobs_for(spec, key)}


def _expected_names(spec: dict[str, Any]) -> set[tuple[str, str]]:
    expected = _expected_jobs(spec)
    if spec["networkPolicy"]["enabled"]:
        expected.add(("NetworkPolicy", "ocr"))
    if spec["monitoring"]["serviceMonitor"] != "Never":
        expected.add(("ServiceMonitor", "ocr"))
    for variant in spec["variants"]:
        name = variant_name("ocr", variant["language"], variant["modelType"])
        expected |= {("Deployment", name), ("Service", name)}
        if "autoscaling" in variant:
            expected.add(("HorizontalPodAutoscaler", name))
        if variant.get("replicas", 1) > 1:
            expected.add(("PodDisruptionBudget", name))
    return expected


@pytest.mark.parametrize("order", [list(KEYS), list(reversed(KEYS))])
def test_the_order_of_variants_changes_no_child(
    ocrbackend: Callable[..., dict[str, Any]],
    config: OperatorConfig,
    now: datetime,
    order: list[tuple[str, str]],
) -> None:
    backend = ocrbackend(ocrVersion="PP-OCRv6", variants=[_variant(key, {}) for key in order])
    found = plan(family(backend), Observed(), {}, config, now)
    applied = {step.ref: digest(step.child) for step in found.steps if isinstance(step, Apply)}
    straight = ocrbackend(ocrVersion="PP-OCRv6", variants=[_variant(key, {}) for key in KEYS])
    expected = plan(family(straight), Observed(), {}, config, now)
    assert applied == {step.ref: digest(step.child) for step in expected.steps if isinstance(step, Apply)}
