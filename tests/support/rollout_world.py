"""OCRBackend `ocr` with three variants, its Deployments and pods in memory, for tests of rollouts.

Each reconcile carries out the plan of a stateless operator.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from ocr_operator.api.names import ROLLOUT_ANNOTATION, ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import BackendSpec
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.rollout_record import Record, record
from ocr_operator.observed.state import Observed
from ocr_operator.planning.plan import plan
from ocr_operator.planning.steps import Apply, Plan, ref_of
from ocr_operator.status.variant_state import VariantState
from ocr_operator.status.variant_status import variant_states
from recorded_downloads import status_with_downloads

Make = Callable[..., dict[str, Any]]
Live = Callable[..., ObservedObject]
MakePod = Callable[..., ObservedPod]
Json = dict[str, Any]

KEYS = "ch-mobile", "en-mobile", "japan-mobile"
VARIANTS = [{"name": name, "language": name.split("-")[0], "modelType": "mobile"} for name in KEYS]


class World:
    """The Deployments and pods of OCRBackend `ocr`; `reconcile` carries out the plan."""

    def __init__(
        self, ocrbackend: Make, live: Live, pod: MakePod, config: OperatorConfig, now: datetime
    ) -> None:
        self._ocrbackend, self._live, self._pod, self._config = ocrbackend, live, pod, config
        self.now = now
        self.spec: Json = {
            "variants": VARIANTS,
            "ocrVersion": "PP-OCRv6",
            "models": {"source": "Builtin"},
        }
        self.objects: dict[Any, Json] = {}
        self.statuses: dict[Any, Json] = {}
        self.pods: dict[str, tuple[ObservedPod, ...]] = {}
        self.finish_jobs = False
        self.refused: frozenset[ObjectReference] = frozenset()
        self.annotations: dict[str, str] = {}
        self.ahead: tuple[str, ...] = ()

    def reconcile(self, **spec: Any) -> Plan:
        """The plan, carried out, after a change of these fields of the spec."""
        self.spec |= spec
        steps = self._plan()
        for step in steps.steps:
            if isinstance(step, Apply) and step.desired != self.objects.get(step.ref):
                self.objects[step.ref] = step.desired
                self.statuses.pop(step.ref, None)
        return steps

    def _parsed(self) -> BackendSpec:
        return parse_backend(self._ocrbackend(annotations=self.annotations, **self.spec))

    def _plan(self) -> Plan:
        return plan(self._parsed(), self._observed(), self._config)

    def _observed(self) -> Observed:
        complete = {"conditions": [{"type": "Complete", "status": "True"}]}
        jobs = (ref for ref in self.objects if ref.kind == "Job" and self.finish_jobs)
        self.statuses |= dict.fromkeys(jobs, complete)
        objects = (self._live(body, status=self.statuses.get(ref)) for ref, body in self.objects.items())
        pods = tuple(pod for pods in self.pods.values() for pod in pods)
        status = status_with_downloads(ref.name for ref in self.objects if ref.kind == "Job")
        return Observed(
            self.now,
            tuple(objects),
            pods,
            refused=self.refused,
            previous_status=status,
            ahead=self.ahead,
        )

    def states(self, **spec: Any) -> list[VariantState]:
        """States of the variants after a reconcile."""
        steps = self.reconcile(**spec)
        return variant_states(self._parsed(), self._observed(), steps, {})

    def deployment(self, key: str) -> Json:
        """A variant's Deployment."""
        name = f"ocr-{key}"
        return next(
            body for ref, body in self.objects.items() if (ref.kind, ref.name) == ("Deployment", name)
        )

    def revision(self, key: str) -> str:
        """The revision of a variant's Deployment."""
        return str(self.deployment(key)["spec"]["template"]["metadata"]["labels"]["ocrbackend.io/revision"])

    def revisions(self) -> list[str]:
        """The revisions of all three Deployments."""
        return [self.revision(key) for key in KEYS]

    def record(self, key: str) -> Record:
        """The rollout record of a variant's Deployment."""
        return record(self.deployment(key)["metadata"].get("annotations", {}).get(ROLLOUT_ANNOTATION, ""))

    def replace_pods(self, keys: Sequence[str] = KEYS, **facts: Any) -> None:
        """Replace the pods by one of each Deployment, ready unless the facts say otherwise."""
        for key in keys:
            self.pods[key] = (self.new_pod(key, **({"ready": True} | facts)),)

    def new_pod(self, key: str, **facts: Any) -> ObservedPod:
        """A pod of the present revision of a variant's Deployment."""
        labels = self.deployment(key)["spec"]["template"]["metadata"]["labels"]
        return self._pod(labels, name=f"ocr-{key}-{labels['ocrbackend.io/revision']}", **facts)

    def add_pod(self, key: str, **facts: Any) -> None:
        """One more pod, not ready unless the facts say otherwise."""
        self.pods[key] += (self.new_pod(key, **facts),)

    def miss_deadline(self, key: str, after: int = 1) -> None:
        """The Deployment reports a missed progress deadline, these minutes after now."""
        at = (self.now + timedelta(minutes=after)).isoformat()
        progressing = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
        condition = progressing | {"lastUpdateTime": at, "message": "timed out"}
        self.statuses[ref_of(self.deployment(key))] = {"observedGeneration": 1, "conditions": [condition]}

    def roll_out(self, **spec: Any) -> list[str]:
        """Roll out all variants and return their revisions."""
        self.reconcile(**spec)
        self.replace_pods()
        self.reconcile()
        return self.revisions()
