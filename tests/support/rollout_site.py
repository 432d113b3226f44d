"""A Deployment controller and kubelets in memory, which follow Kubernetes' rules, for tests of rollouts.

The plan is the operator's own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ocr_operator.api.names import REVISION_LABEL, VARIANT_LABEL, ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import BackendSpec
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.rollout_record import record
from ocr_operator.observed.state import AppliedObject, Observed
from ocr_operator.planning.plan import plan
from ocr_operator.planning.steps import Apply, Plan, Remove

KEYS = ["ch-mobile", "en-mobile", "japan-mobile", "latin-mobile"]
CPU = {"cpu": "1"}
BAD = {"0.8", "0.9"}
"""Score thresholds with which no pod becomes ready."""

Json = dict[str, Any]


@dataclass
class Site:
    """Deployments with their pods, and the OCRBackend that an operator reconciles."""

    ocrbackend: Callable[..., Json]
    live: Callable[..., ObservedObject]
    pod: Callable[..., ObservedPod]
    config: OperatorConfig
    now: datetime
    spec: Json
    objects: dict[ObjectReference, ObservedObject] = field(default_factory=dict)
    applied: dict[ObjectReference, Json] = field(default_factory=dict)
    statuses: dict[ObjectReference, Json] = field(default_factory=dict)
    last_applied: dict[ObjectReference, AppliedObject] = field(default_factory=dict)
    pods: dict[ObjectReference, list[ObservedPod]] = field(default_factory=dict)
    thresholds: dict[str, str] = field(default_factory=dict)
    scale: dict[ObjectReference, int] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    full: set[ObjectReference] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.edit(self.spec)

    def edit(self, spec: Json) -> None:
        """Apply the OCRBackend with this spec."""
        self.spec, self.backend_spec = spec, self._parsed(spec)

    def fill(self, position: int) -> None:
        """The node of a variant has room for its replicas only, or for more again."""
        self.full ^= {self.ref(position)}

    def request(self, name: str, position: int | None) -> None:
        """Annotate the OCRBackend with a new request for one variant, or for all."""
        token = self.now.isoformat()
        self.annotations[name] = token if position is None else f"{KEYS[position]}={token}"
        self.edit(self.spec)

    def _parsed(self, spec: Json) -> BackendSpec:
        variants = [
            {"name": name, "language": name.split("-")[0], "modelType": "mobile", **fields}
            for name, fields in zip(KEYS, spec["variants"], strict=True)
        ]
        builtin = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}}
        fields = {**spec, **builtin, "variants": variants, "annotations": self.annotations}
        return parse_backend(self.ocrbackend(**fields))

    def reconcile(self) -> Plan:
        """Carry out a plan, and check what must hold after every plan."""
        self.now += timedelta(minutes=1)
        before = dict(self.objects)
        serving = {ref for ref in before if any(pod.is_ready for pod in self.pods.get(ref, []))}
        planned = self.plan()
        for step in planned.steps:
            if isinstance(step, Remove):
                assert step.ref.kind != "Deployment"
                del self.objects[step.ref]
            if isinstance(step, Apply) and step.desired["kind"] == "Deployment":
                self.apply(step.ref, step.desired)
            elif isinstance(step, Apply):
                self.objects[step.ref] = self.live(step.desired)
            if isinstance(step, Apply):
                self.last_applied[step.ref] = AppliedObject(digest(step.desired), self.objects[step.ref])
        self.check_limit(before, serving)
        self.check_blame()
        assert self.plan().steps == ()
        return planned

    def plan(self) -> Plan:
        """The plan for the present state."""
        pods = tuple(pod for pods in self.pods.values() for pod in pods)
        observed = Observed(self.now, tuple(self.objects.values()), pods, last_applied=self.last_applied)
        return plan(self.backend_spec, observed, self.config)

    def apply(self, ref: ObjectReference, deployment: Json) -> None:
        """Apply a Deployment."""
        rolling = deployment["spec"]["strategy"]["rollingUpdate"]
        existing = self.objects.get(ref)
        if (
            self.spec["rollout"]["surge"] != "Never"
            and not (existing and existing.is_in_place)
            and ref not in self.full
        ):
            assert rolling == {"maxSurge": 1, "maxUnavailable": 0}
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        if existing is None or existing.revision != labels[REVISION_LABEL]:
            self.statuses.pop(ref, None)
        self.applied[ref] = deployment
        self.scale[ref] = deployment["spec"].get("replicas", self.scale.get(ref, 1))
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        env = {variable["name"]: variable["value"] for variable in container["env"]}
        self.thresholds[labels[REVISION_LABEL]] = env.get("PADDLEOCR_SCORE_THRESHOLD", "0.5")
        self.refresh(ref)

    def refresh(self, ref: ObjectReference) -> None:
        """Observe a Deployment again."""
        deployment = self.applied[ref]
        self.objects[ref] = self.live(deployment, replicas=self.scale[ref], status=self.statuses.get(ref))
        is_scaled = "replicas" not in deployment["spec"]
        assert self.objects[ref].owns_replicas is not is_scaled
        if ref in self.last_applied:
            self.last_applied[ref] = AppliedObject(self.last_applied[ref].digest, self.objects[ref])

    def check_limit(
        self, before: dict[ObjectReference, ObservedObject], serving: set[ObjectReference]
    ) -> None:
        """If a serving variant has started a rollout, no more are in progress than allowed."""
        if any(self.has_started(before[ref], self.objects[ref]) for ref in serving):
            assert len(self.in_progress()) <= self.spec["rollout"]["maxParallelVariants"]

    def check_blame(self) -> None:
        """Nothing is rolled back but what cannot become ready, and what a user requested."""
        for existing in self.objects.values():
            rolled_back = record(existing.rollout).rolled_back
            assert not rolled_back or rolled_back.is_requested or self.is_bad(rolled_back.revision)

    @staticmethod
    def has_started(before: ObservedObject, after: ObservedObject) -> bool:
        """Whether a Deployment has left its last good revision."""
        good = record(after.rollout).good
        return before.revision != after.revision and good is not None and before.revision == good.revision

    def in_progress(self) -> set[ObjectReference]:
        """Deployments that have left their last good revision and not missed the deadline."""
        rolling = set()
        for ref, existing in self.objects.items():
            good = record(existing.rollout).good
            if good and existing.revision != good.revision and ref not in self.statuses:
                rolling.add(ref)
        return rolling

    def ref(self, position: int) -> ObjectReference:
        """Reference of a variant's Deployment."""
        return ObjectReference("apps/v1", "Deployment", "labs", f"ocr-{KEYS[position]}")

    def is_bad(self, revision: str | None) -> bool:
        """Whether pods of this revision never become ready."""
        return self.thresholds[revision or ""] in BAD

    def is_bad_spec(self) -> bool:
        """Whether pods of the present spec never become ready."""
        return self.spec["options"]["scoreThreshold"] in BAD

    def controller(self, position: int) -> None:
        """Create pods of the present template, and delete others as far as the strategy allows."""
        ref = self.ref(position)
        if ref not in self.applied:
            return
        template, replicas = self.applied[ref]["spec"]["template"], self.scale[ref]
        rolling = self.applied[ref]["spec"]["strategy"]["rollingUpdate"]
        revision = template["metadata"]["labels"][REVISION_LABEL]
        pods = self.pods.setdefault(ref, [])
        current = [each for each in pods if each.revision == revision]
        others = [each for each in pods if each.revision != revision]
        ready = sum(each.is_ready for each in pods)
        # Old pods that are not ready are deleted first, ready ones only if enough remain.
        others = [each for each in others if each.is_ready]
        spare = max(0, ready - (replicas - rolling["maxUnavailable"]))
        others = others[min(spare, len(others)) :]
        room = min(replicas - len(current), replicas + rolling["maxSurge"] - len(current) - len(others))
        current += [self.new_pod(template["metadata"]["labels"], position)] * max(room, 0)
        self.pods[ref] = self.schedule(ref, others + current[:replicas])

    def new_pod(self, labels: Json, position: int) -> ObservedPod:
        """A pod without a node, for which the scheduler found no room."""
        message = "0/1 nodes are available: 1 Insufficient cpu."
        return self.pod(
            labels, name=f"p{position}", devices=CPU, unschedulable_message=message, since=self.now
        )

    def schedule(self, ref: ObjectReference, pods: list[ObservedPod]) -> list[ObservedPod]:
        """The pods, those with a node for which there is room."""
        room = self.scale[ref] if ref in self.full else len(pods)
        room -= sum(each.is_scheduled for each in pods)
        scheduled = []
        for each in pods:
            has_room = not each.is_scheduled and room > 0
            room -= has_room
            scheduled.append(self.on_node(each) if has_room else each)
        return scheduled

    def ready(self, position: int) -> None:
        """All pods that can become ready are ready."""
        ref = self.ref(position)
        self.pods[ref] = [
            self.on_node(each, ready=True) if each.is_scheduled and not self.is_bad(each.revision) else each
            for each in self.pods.get(ref, [])
        ]

    def on_node(self, pod: ObservedPod, *, ready: bool = False) -> ObservedPod:
        """The pod when it has a node."""
        labels = {VARIANT_LABEL: pod.variant or "", REVISION_LABEL: pod.revision or ""}
        return self.pod(labels, name=pod.name, devices=CPU, ready=ready)

    def is_waiting(self, ref: ObjectReference) -> bool:
        """Whether a rollout that needs room for one more pod has none."""
        is_in_place = self.objects[ref].is_in_place
        return not is_in_place and not all(each.is_scheduled for each in self.pods.get(ref, []))

    def deadline(self, position: int) -> None:
        """The Deployment reports a missed deadline, if its pods cannot become ready."""
        ref = self.ref(position)
        if ref not in self.applied:
            return
        if not (self.is_bad(self.objects[ref].revision) or self.is_waiting(ref)):
            return
        progressing = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
        condition = progressing | {"lastUpdateTime": (self.now + timedelta(minutes=1)).isoformat()}
        self.statuses[ref] = {"observedGeneration": 1, "conditions": [condition]}
        self.refresh(ref)

    def lost(self, position: int) -> None:
        """All pods of a variant disappear at once."""
        self.pods[self.ref(position)] = []
