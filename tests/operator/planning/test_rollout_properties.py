"""Rollouts in any order of events: turns, deadlines and ways back end, and nobody is served by fewer pods.

`Site` plays the Deployment controller and the kubelets by their rules; the plan is the operator's own, and
what it must remember is in the Deployments alone: half of its looks are those of a new process.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ocr_operator.api.names import REVISION_LABEL, ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import BackendSpec, family
from ocr_operator.observed.observation import ObservedObject, ObservedPod
from ocr_operator.observed.rollout_record import record
from ocr_operator.planning.plan import AppliedObject, Apply, Observed, Plan, Remove, plan

KEYS = [("ch", "mobile"), ("en", "mobile"), ("japan", "mobile"), ("latin", "mobile")]
BAD = {"0.8", "0.9"}
"""Score thresholds with which no pod gets ready."""

ENOUGH = 5 * len(KEYS)
"""Rounds: of each variant's three pods one after the other, its deadline, and the way back."""

Json = dict[str, Any]

variant = st.one_of(
    st.fixed_dictionaries({"replicas": st.integers(1, 3)}),
    st.just({"autoscaling": {"minReplicas": 1, "maxReplicas": 3}}),
)
specs = st.fixed_dictionaries(
    {
        "options": st.fixed_dictionaries({"scoreThreshold": st.sampled_from(["0.5", "0.6", *sorted(BAD)])}),
        "rollout": st.fixed_dictionaries(
            {
                "maxParallelVariants": st.integers(1, 4),
                "autoRollback": st.booleans(),
                "surge": st.sampled_from(["Auto", "Never"]),
            }
        ),
        "variants": st.tuples(*(variant for _ in KEYS)),
    }
)
positions = st.integers(0, len(KEYS) - 1)
events = st.one_of(
    st.tuples(st.just("edit"), specs),
    st.tuples(st.sampled_from(["controller", "ready", "deadline", "lost"]), positions),
    st.tuples(st.just("restart"), st.none()),
)


@dataclass
class Site:
    """Deployments with their pods, and the OCRBackend that an operator looks at."""

    ocrbackend: Callable[..., Json]
    live: Callable[..., ObservedObject]
    pod: Callable[..., ObservedPod]
    config: OperatorConfig
    now: datetime
    spec: Json
    children: dict[ObjectReference, ObservedObject] = field(default_factory=dict)
    applied: dict[ObjectReference, Json] = field(default_factory=dict)
    statuses: dict[ObjectReference, Json] = field(default_factory=dict)
    written: dict[ObjectReference, AppliedObject] = field(default_factory=dict)
    pods: dict[ObjectReference, list[ObservedPod]] = field(default_factory=dict)
    thresholds: dict[str, str] = field(default_factory=dict)
    scale: dict[ObjectReference, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.edit(self.spec)

    def edit(self, spec: Json) -> None:
        """The OCRBackend is applied with this spec."""
        self.spec, self.wanted = spec, self._family(spec)

    def _family(self, spec: Json) -> BackendSpec:
        given = [
            {"language": key[0], "modelType": key[1], **more}
            for key, more in zip(KEYS, spec["variants"], strict=True)
        ]
        builtin = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}}
        return family(self.ocrbackend(**{**spec, **builtin, "variants": given}))

    def look(self) -> Plan:
        """One pass of the operator, with what has to hold of every one."""
        self.now += timedelta(minutes=1)
        before = dict(self.children)
        serving = {ref for ref in before if any(one.is_ready for one in self.pods.get(ref, []))}
        found = self.plan()
        for step in found.steps:
            if isinstance(step, Remove):
                assert step.ref.kind != "Deployment"
                del self.children[step.ref]
            if isinstance(step, Apply) and step.child["kind"] == "Deployment":
                self.apply(step.ref, step.child)
            elif isinstance(step, Apply):
                self.children[step.ref] = self.live(step.child)
            if isinstance(step, Apply):
                self.written[step.ref] = AppliedObject(digest(step.child), self.children[step.ref])
        self.limit_is_kept(before, serving)
        assert self.plan().steps == ()
        return found

    def plan(self) -> Plan:
        pods = tuple(one for pods in self.pods.values() for one in pods)
        observed = Observed(tuple(self.children.values()), pods)
        return plan(self.wanted, observed, self.written, self.config, self.now)

    def apply(self, ref: ObjectReference, child: Json) -> None:
        rolling = child["spec"]["strategy"]["rollingUpdate"]
        if self.spec["rollout"]["surge"] != "Never":
            assert rolling == {"maxSurge": 1, "maxUnavailable": 0}
        labels = child["spec"]["template"]["metadata"]["labels"]
        there = self.children.get(ref)
        if there is None or there.revision != labels[REVISION_LABEL]:
            self.statuses.pop(ref, None)
        self.applied[ref] = child
        self.scale[ref] = child["spec"].get("replicas", self.scale.get(ref, 1))
        [container] = child["spec"]["template"]["spec"]["containers"]
        env = {one["name"]: one["value"] for one in container["env"]}
        self.thresholds[labels[REVISION_LABEL]] = env.get("PADDLEOCR_SCORE_THRESHOLD", "0.5")
        self.refresh(ref)

    def refresh(self, ref: ObjectReference) -> None:
        child = self.applied[ref]
        self.children[ref] = self.live(child, replicas=self.scale[ref], status=self.statuses.get(ref))
        is_scaled = "replicas" not in child["spec"]
        assert self.children[ref].owns_replicas is not is_scaled
        if ref in self.written:
            self.written[ref] = AppliedObject(self.written[ref].content, self.children[ref])

    def limit_is_kept(
        self, before: dict[ObjectReference, ObservedObject], serving: set[ObjectReference]
    ) -> None:
        """Where what serves was set on its way, no more are on their way than may be."""
        begun = {ref for ref in serving if self.left_its_good_revision(before[ref], self.children[ref])}
        if begun:
            assert len(self.under_way()) <= self.spec["rollout"]["maxParallelVariants"]

    @staticmethod
    def left_its_good_revision(before: ObservedObject, after: ObservedObject) -> bool:
        good = record(after.rollout).good
        return before.revision != after.revision and good is not None and before.revision == good.revision

    def under_way(self) -> set[ObjectReference]:
        """Deployments with a good revision and another one, whose time is not over."""
        found = set()
        for ref, child in self.children.items():
            good = record(child.rollout).good
            if good and child.revision != good.revision and ref not in self.statuses:
                found.add(ref)
        return found

    def ref(self, position: int) -> ObjectReference:
        return ObjectReference("apps/v1", "Deployment", "labs", f"ocr-{'-'.join(KEYS[position])}")

    def is_bad(self, revision: str | None) -> bool:
        return self.thresholds[revision or ""] in BAD

    def is_bad_spec(self) -> bool:
        return self.spec["options"]["scoreThreshold"] in BAD

    def controller(self, position: int) -> None:
        """Makes pods of the present template, ends those of others as far as the strategy allows."""
        ref = self.ref(position)
        if ref not in self.applied:
            return
        template, wanted = self.applied[ref]["spec"]["template"], self.scale[ref]
        rolling = self.applied[ref]["spec"]["strategy"]["rollingUpdate"]
        revision = template["metadata"]["labels"][REVISION_LABEL]
        pods = self.pods.setdefault(ref, [])
        current = [one for one in pods if one.revision == revision]
        others = [one for one in pods if one.revision != revision]
        ready = sum(one.is_ready for one in pods)
        # Old pods that are not ready go first, ready ones only as far as enough are left.
        others = [one for one in others if one.is_ready]
        spare = max(0, ready - (wanted - rolling["maxUnavailable"]))
        others = others[min(spare, len(others)) :]
        room = min(wanted - len(current), wanted + rolling["maxSurge"] - len(current) - len(others))
        current += [self.pod(template["metadata"]["labels"], name=f"p{position}")] * max(room, 0)
        self.pods[ref] = others + current[:wanted]

    def ready(self, position: int) -> None:
        """What can be ready is."""
        ref = self.ref(position)
        self.pods[ref] = [
            one if one.is_ready or self.is_bad(one.revision) else self.made_ready(one)
            for one in self.pods.get(ref, [])
        ]

    def made_ready(self, one: ObservedPod) -> ObservedPod:
        language, model_type = one.variant or ("", "")
        labels = {
            "ocrbackend.io/language": language,
            "ocrbackend.io/model-type": model_type,
            REVISION_LABEL: one.revision or "",
        }
        return self.pod(labels, name=one.name, ready=True)

    def deadline(self, position: int) -> None:
        """The Deployment says that its template was not ready in time, where it is not."""
        ref = self.ref(position)
        if ref not in self.applied or not self.is_bad(self.children[ref].revision):
            return
        told = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
        condition = told | {"lastUpdateTime": (self.now + timedelta(minutes=1)).isoformat()}
        self.statuses[ref] = {"observedGeneration": 1, "conditions": [condition]}
        self.refresh(ref)

    def lost(self, position: int) -> None:
        """All its pods are gone at once."""
        self.pods[self.ref(position)] = []


def _event(site: Site, kind: str, about: Any) -> None:
    if kind == "restart":
        site.written.clear()
    else:
        getattr(site, kind)(about)


def _promised(site: Site, ref: ObjectReference) -> int:
    """Ready pods that there must be as long as nobody takes any away and none is replaced in place."""
    ready = sum(one.is_ready for one in site.pods.get(ref, []))
    return min(ready, site.scale.get(ref, 0)) if site.spec["rollout"]["surge"] != "Never" else 0


# The fixtures are functions without state: one for all examples does no harm.
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=25,
    phases=[Phase.generate],
)
@given(first=specs, history=st.lists(events, max_size=15))
def test_rollouts_end_keep_their_limit_and_take_no_pod_that_serves(
    ocrbackend: Callable[..., Json],
    live: Callable[..., ObservedObject],
    pod: Callable[..., ObservedPod],
    config: OperatorConfig,
    now: datetime,
    first: Json,
    history: list[tuple[str, Any]],
) -> None:
    site = Site(ocrbackend, live, pod, config, now, first)
    for kind, about in history:
        _event(site, kind, about)
        _then(site)
    for kind in ["ready", "deadline"] * ENOUGH:
        for position in range(len(KEYS)):
            _event(site, kind, position)
        _then(site)
    for position in range(len(KEYS)):
        _is_over(site, position)


def _then(site: Site) -> None:
    """The operator looks, and controllers do what is to be done."""
    site.look()
    for position in range(len(KEYS)):
        ref = site.ref(position)
        promised = _promised(site, ref)
        site.controller(position)
        assert sum(one.is_ready for one in site.pods[ref]) >= min(promised, site.scale[ref])


def _is_over(site: Site, position: int) -> None:
    """The spec's revision runs, or it cannot, and then the last good one does, if there is one and it may."""
    child = site.children[site.ref(position)]
    told = record(child.rollout)
    target = site.plan().rollouts[KEYS[position]].target
    pods = site.pods[site.ref(position)]
    if not site.is_bad_spec():
        assert child.revision == target
        assert told.good is not None
        assert told.good.revision == target
        assert all(one.is_ready and one.revision == target for one in pods)
    elif told.good and site.spec["rollout"]["autoRollback"]:
        assert told.rolled_back is not None
        assert (child.revision, told.rolled_back.revision) == (told.good.revision, target)
        assert all(one.is_ready and one.revision == child.revision for one in pods)
    else:
        assert child.revision == target
