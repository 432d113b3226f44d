"""OCRBackend `ocr` with three variants, its Deployments and pods in memory, for tests of rollouts.

A look carries out what the plan asks for, by an operator that remembers nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from ocr_operator.api.names import ROLLOUT_ANNOTATION, ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import family
from ocr_operator.observed.observation import ObservedObject, ObservedPod
from ocr_operator.observed.rollout_record import Record, record
from ocr_operator.planning.plan import Apply, Observed, Plan, plan, ref_of
from ocr_operator.status.variant_status import VariantState, variant_states

Make = Callable[..., dict[str, Any]]
Live = Callable[..., ObservedObject]
MakePod = Callable[..., ObservedPod]
Json = dict[str, Any]

KEYS = ("ch", "mobile"), ("en", "mobile"), ("japan", "mobile")
VARIANTS = [{"language": language, "modelType": tier} for language, tier in KEYS]


class World:
    """The Deployments and pods of OCRBackend `ocr`; a look does what the plan asks for."""

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
        self.children: dict[Any, Json] = {}
        self.statuses: dict[Any, Json] = {}
        self.pods: dict[tuple[str, str], tuple[ObservedPod, ...]] = {}
        self.finish_jobs = False
        self.refused: frozenset[ObjectReference] = frozenset()

    def look(self, **spec: Any) -> Plan:
        """A plan carried out, by an operator that remembers nothing."""
        self.spec |= spec
        found = self._plan()
        for step in found.steps:
            if isinstance(step, Apply) and step.child != self.children.get(step.ref):
                self.children[step.ref] = step.child
                self.statuses.pop(step.ref, None)
        return found

    def _plan(self) -> Plan:
        return plan(family(self._ocrbackend(**self.spec)), self._observed(), {}, self._config, self.now)

    def _observed(self) -> Observed:
        done = {"conditions": [{"type": "Complete", "status": "True"}]}
        jobs = (ref for ref in self.children if ref.kind == "Job" and self.finish_jobs)
        self.statuses |= dict.fromkeys(jobs, done)
        children = (self._live(child, status=self.statuses.get(ref)) for ref, child in self.children.items())
        pods = tuple(pod for pods in self.pods.values() for pod in pods)
        recorded = frozenset(ref.name for ref in self.children if ref.kind == "Job")
        return Observed(tuple(children), pods, refused=self.refused, recorded=recorded)

    def states(self, **spec: Any) -> list[VariantState]:
        """What the status would say of the variants after a look."""
        found = self.look(**spec)
        return variant_states(family(self._ocrbackend(**self.spec)), self._observed(), found, {})

    def deployment(self, key: tuple[str, str]) -> Json:
        """A variant's Deployment."""
        name = f"ocr-{'-'.join(key)}"
        return next(
            child for ref, child in self.children.items() if (ref.kind, ref.name) == ("Deployment", name)
        )

    def revision(self, key: tuple[str, str]) -> str:
        """The revision that a variant's Deployment has."""
        return str(self.deployment(key)["spec"]["template"]["metadata"]["labels"]["ocrbackend.io/revision"])

    def revisions(self) -> list[str]:
        """The same of all three."""
        return [self.revision(key) for key in KEYS]

    def record(self, key: tuple[str, str]) -> Record:
        """What a variant's Deployment remembers."""
        return record(self.deployment(key)["metadata"].get("annotations", {}).get(ROLLOUT_ANNOTATION, ""))

    def run(self, keys: Sequence[tuple[str, str]] = KEYS, **facts: Any) -> None:
        """The pods are those of the Deployments, ready unless the facts say otherwise."""
        for key in keys:
            self.pods[key] = (self.a_pod(key, **({"ready": True} | facts)),)

    def a_pod(self, key: tuple[str, str], **facts: Any) -> ObservedPod:
        """A pod of a variant's Deployment."""
        labels = self.deployment(key)["spec"]["template"]["metadata"]["labels"]
        return self._pod(labels, name=f"ocr-{'-'.join(key)}-{labels['ocrbackend.io/revision']}", **facts)

    def surge(self, key: tuple[str, str], **facts: Any) -> None:
        """One more pod, which is not ready."""
        self.pods[key] += (self.a_pod(key, **facts),)

    def late(self, key: tuple[str, str], after: int = 1) -> None:
        """The Deployment says that its time is over, these minutes after now."""
        at = (self.now + timedelta(minutes=after)).isoformat()
        told = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
        condition = told | {"lastUpdateTime": at, "message": "timed out"}
        self.statuses[ref_of(self.deployment(key))] = {"observedGeneration": 1, "conditions": [condition]}

    def serve(self, **spec: Any) -> list[str]:
        """All variants serve; answers their revisions."""
        self.look(**spec)
        self.run()
        self.look()
        return self.revisions()
