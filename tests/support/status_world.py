"""Objects and pods of one OCRBackend in memory, and its status, for tests of the status."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.state import Observed
from ocr_operator.planning.plan import plan
from ocr_operator.planning.steps import Apply
from ocr_operator.status.status import status_of

OBSERVED = {"observedGeneration": 1}
"""Status of a Deployment whose controller has seen its last change."""


class World:
    """Objects and pods of one OCRBackend, and its status."""

    def __init__(
        self,
        live: Callable[..., ObservedObject],
        pod: Callable[..., ObservedPod],
        config: OperatorConfig,
        now: datetime,
    ) -> None:
        self._live, self._pod, self._config, self.now = live, pod, config, now
        self.objects: dict[ObjectReference, ObservedObject] = {}
        self.pods: list[ObservedPod] = []

    def apply(self, backend: dict[str, Any], *, pods_ready: bool = True, **status: Any) -> None:
        """Create all objects of an OCRBackend, with a pod for each Deployment."""
        initial = plan(parse_backend(backend), Observed(self.now), self._config)
        for desired in (step.desired for step in initial.steps if isinstance(step, Apply)):
            state = (OBSERVED | status) if desired["kind"] == "Deployment" else {}
            existing = self._live(desired, status=state)
            self.objects[existing.ref] = existing
            if desired["kind"] == "Deployment":
                labels = desired["spec"]["template"]["metadata"]["labels"]
                self.pods.append(
                    self._pod(labels, name=f"{existing.ref.name}-{len(self.pods)}", ready=pods_ready)
                )

    def change(self, name: str, **facts: Any) -> None:
        """Change facts of a Deployment."""
        for ref, child in self.objects.items():
            if ref.kind == "Deployment" and ref.name == name:
                self.objects[ref] = replace(child, **facts)

    def status(
        self,
        backend: dict[str, Any],
        problems: dict[ObjectReference, Cause] | None = None,
        previous: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The status of an OCRBackend with these problems."""
        spec = parse_backend(backend)
        observed = Observed(
            self.now, tuple(self.objects.values()), tuple(self.pods), previous_status=previous or {}
        )
        steps = plan(spec, observed, self._config)
        all_problems = {**steps.problems, **(problems or {})}
        return status_of(spec, observed, steps, all_problems)


def condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    """A condition of a status."""
    [match] = [each for each in status["conditions"] if each["type"] == kind]
    return dict(match)


def status_and_reason(status: dict[str, Any], kind: str = "Ready") -> tuple[str, str]:
    """Status and reason of a condition."""
    match = condition(status, kind)
    return match["status"], match["reason"]
