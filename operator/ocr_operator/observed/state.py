"""Everything that is observed of one OCRBackend at one moment: the input of planning and of the status.

Pure. `controller.observer` gathers it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from ocr_operator.api.names import GroupVersionKind, ObjectReference
from ocr_operator.api.spec import VariantName
from ocr_operator.observed.download_progress import Progress
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.warning_events import WarningEvent


@dataclass(frozen=True)
class AppliedObject:
    """The last apply of one managed object: the digest of what was sent, and the object in the response."""

    digest: str
    observed: ObservedObject


@dataclass(frozen=True)
class Observed:
    """The state of one OCRBackend at `now`.

    `absent_apis`: optional kinds that the API server does not serve. `refused`: managed objects whose last
    write the API server refused. `progress`: download progress by pod name. `last_applied`: what this process
    applied last. `ahead`: other OCRBackends whose rollouts have to end before one may start here.
    """

    now: datetime
    objects: tuple[ObservedObject, ...] = ()
    pods: tuple[ObservedPod, ...] = ()
    warnings: tuple[WarningEvent, ...] = ()
    absent_apis: frozenset[GroupVersionKind] = frozenset()
    refused: frozenset[ObjectReference] = frozenset()
    progress: Mapping[str, Progress] = field(default_factory=dict)
    previous_status: Mapping[str, Any] = field(default_factory=dict)
    last_applied: Mapping[ObjectReference, AppliedObject] = field(default_factory=dict)

    def running_pods(self, variant: VariantName) -> list[ObservedPod]:
        """The pods of a variant that are not terminating."""
        return [pod for pod in self.pods if pod.variant == variant and not pod.is_terminating]

    def deployment(self, name: str) -> ObservedObject | None:
        """The Deployment of this name."""
        matching = (each for each in self.objects if (each.ref.kind, each.ref.name) == ("Deployment", name))
        return next(matching, None)

    @property
    def recorded_jobs(self) -> frozenset[str]:
        """Names of the download Jobs whose published models the previous status lists."""
        models = (variant.get("models") or {} for variant in self.previous_status.get("variants") or [])
        return frozenset(entry["job"] for entry in models if entry.get("digests"))

    ahead: tuple[str, ...] = ()

    def with_written(self, written: Iterable[ObservedObject]) -> Self:
        """The same state after our own writes."""
        return replace(self, objects=newest(self.objects, written))


def newest(
    objects: Iterable[ObservedObject], written: Iterable[ObservedObject]
) -> tuple[ObservedObject, ...]:
    """All objects, each in its newest version: a watch may lag behind our own writes."""
    by_ref = {existing.ref: existing for existing in objects}
    for response in written:
        if response.ref not in by_ref or by_ref[response.ref].resource_version < response.resource_version:
            by_ref[response.ref] = response
    return tuple(by_ref.values())
