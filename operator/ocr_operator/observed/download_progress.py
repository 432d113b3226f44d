"""What a pod that fetches models tells of its progress: the backend's answer at `/progress`, as values.

Pure. `progress_reader` asks; `fetches` and the status show it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

STEP_PERCENT = 5
"""How far a download goes on before the status is written anew."""

_MEGABYTE = 10**6


@dataclass(frozen=True)
class ModelProgress:
    """One model: `state` as in the status; bytes that are there and bytes in all (0: unknown)."""

    name: str
    state: str
    size: int
    total: int

    @property
    def percent(self) -> int:
        """How much of it is there, 0 to 100."""
        return min(100, 100 * self.size // self.total) if self.total else 0

    def __str__(self) -> str:
        if self.state == "Verifying":
            return f"{self.name} is verified"
        if not self.total:
            return f"{self.name}, {self.size // _MEGABYTE} MB so far"
        return f"{self.name} {self.percent} %, {self.size // _MEGABYTE} of {self.total // _MEGABYTE} MB"


@dataclass(frozen=True)
class Progress:
    """A whole set. `gained`: bytes that came since this attempt was first heard of."""

    models: tuple[ModelProgress, ...]
    size: int
    total: int
    percent: int
    gained: int = 0

    @property
    def active(self) -> ModelProgress | None:
        """The model that is worked on."""
        return next((one for one in self.models if one.state in ("Fetching", "Verifying")), None)

    @property
    def state(self) -> str:
        """What is being done to the set."""
        return self.active.state if self.active else "Waiting"


def progress_of(answer: Mapping[str, Any]) -> Progress:
    """The progress in a pod's answer.

    Raises:
        ValueError: it is none.
    """
    try:
        models = tuple(
            ModelProgress(str(one["name"]), str(one["state"]), int(one["bytes"]), int(one["totalBytes"] or 0))
            for one in answer["models"]
        )
        size, total = int(answer["bytes"]), int(answer["totalBytes"] or 0)
        return Progress(models, size, total, max(0, min(100, int(answer["percent"] or 0))))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no progress: {error!r}") from error


def to_show(shown: Progress | None, told: Progress) -> Progress:
    """What the status shows: the older while little has changed, so that it is not written often."""
    if shown is None or _place(shown) != _place(told) or abs(told.percent - shown.percent) >= STEP_PERCENT:
        return told
    return replace(shown, gained=shown.gained or told.gained)


def _place(progress: Progress) -> tuple[str, str, int]:
    active = progress.active
    return (active.name if active else "", progress.state, progress.total)
