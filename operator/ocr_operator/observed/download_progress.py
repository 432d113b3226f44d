"""How far a pod has downloaded its models: the backend's response to `/progress`, as values.

Pure. `cluster.progress_reader` sends the request; the status shows the progress.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

STEP_PERCENT = 5
"""How much a download must grow before the status is written again."""
STEP_SECONDS = 60.0
"""How old the progress in the status of a slow download may become."""

_MEGABYTE = 10**6


@dataclass(frozen=True)
class ModelProgress:
    """One model. `state` is as in the status; `size` and `total` are bytes, and a total of 0 is unknown."""

    name: str
    state: str
    size: int
    total: int

    @property
    def percent(self) -> int:
        """How much is downloaded, 0 to 100."""
        return min(100, 100 * self.size // self.total) if self.total else 0

    def __str__(self) -> str:
        if self.state == "Verifying":
            return f"verifying {self.name}"
        if not self.total:
            return f"{self.name}, {self.size // _MEGABYTE} MB so far"
        return f"{self.name} {self.percent} %, {self.size // _MEGABYTE} of {self.total // _MEGABYTE} MB"


@dataclass(frozen=True)
class Progress:
    """A model set. `gained`: bytes received since the first response of this attempt."""

    models: tuple[ModelProgress, ...]
    size: int
    total: int
    percent: int
    gained: int = 0

    @property
    def active(self) -> ModelProgress | None:
        """The model that is being downloaded or verified."""
        return next((model for model in self.models if model.state in ("Downloading", "Verifying")), None)

    @property
    def state(self) -> str:
        """State of the set, as in the status."""
        return self.active.state if self.active else "Waiting"


def progress_of(response: Mapping[str, Any]) -> Progress:
    """The progress in a pod's response.

    Raises:
        ValueError: the response holds no progress.
    """
    try:
        models = tuple(_model_progress(model) for model in response["models"])
        size, total = int(response["bytes"]), int(response["totalBytes"] or 0)
        return Progress(models, size, total, max(0, min(100, int(response["percent"] or 0))))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no progress: {error!r}") from error


def _model_progress(model: Mapping[str, Any]) -> ModelProgress:
    return ModelProgress(
        str(model["name"]), str(model["state"]), int(model["bytes"]), int(model["totalBytes"] or 0)
    )


def progress_for_status(previous: Progress | None, latest: Progress, age_seconds: float = 0.0) -> Progress:
    """The progress to show: the previous one if little has changed, so that the status is written rarely.

    `age_seconds`: how old the previous one is.
    """
    if previous is None or _stage(previous) != _stage(latest):
        return latest
    if abs(latest.percent - previous.percent) >= STEP_PERCENT:
        return latest
    if latest.size > previous.size and age_seconds >= STEP_SECONDS:
        return latest
    return replace(previous, gained=previous.gained or latest.gained)


def _stage(progress: Progress) -> tuple[str, str, int]:
    active = progress.active
    return (active.name if active else "", progress.state, progress.total)
