"""An OCRBackend whose models are downloaded, in memory, for tests of the status."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.observed.download_progress import Progress
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.state import Observed
from ocr_operator.observed.warning_events import WarningEvent
from ocr_operator.planning.plan import plan
from ocr_operator.planning.steps import Apply
from ocr_operator.status.status import status_of

_DONE = {"conditions": [{"type": "Complete", "status": "True"}]}


class World:
    """A backend whose models are downloaded, and its Job."""

    def __init__(
        self,
        backend: dict[str, Any],
        live: Callable[..., ObservedObject],
        config: OperatorConfig,
        now: datetime,
    ) -> None:
        self.backend, self.live, self.config, self.now = backend, live, config, now
        initial = plan(parse_backend(backend), Observed(now), config)
        objects = [live(step.desired) for step in initial.steps if isinstance(step, Apply)]
        self.objects = tuple(objects)
        [self.job] = [each for each in objects if each.ref.kind == "Job"]
        self.labels = dict(self.job.labels)
        self.previous: dict[str, Any] = {}

    def finish(self) -> None:
        """Ends the Job with success."""
        others = [each for each in self.objects if each.ref.kind != "Job"]
        self.objects = (*others, replace(self.job, status=_DONE))

    def status(
        self,
        *pods: ObservedPod,
        progress: dict[str, Progress] | None = None,
        warnings: tuple[WarningEvent, ...] = (),
    ) -> dict[str, Any]:
        """The status, which is the previous one for the next call."""
        spec = parse_backend(self.backend)
        observed = Observed(
            self.now,
            self.objects,
            pods,
            warnings,
            progress=progress or {},
            previous_status=self.previous,
        )
        steps = plan(spec, observed, self.config)
        self.previous = status_of(spec, observed, steps, steps.problems)
        return self.previous
