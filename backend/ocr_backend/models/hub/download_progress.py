"""Progress of a download of models: written by `model_download`, read from any thread."""

import threading
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["Waiting", "Downloading", "Verifying", "Published"]


@dataclass
class _ModelProgress:
    name: str
    model_format: str
    state: State = "Waiting"
    received_bytes: int = 0
    total_bytes: int | None = None
    digest: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "format": self.model_format,
            "state": self.state,
            "bytes": self.received_bytes,
            "totalBytes": self.total_bytes,
            "digest": self.digest,
        }


class Progress:
    """The models of one download, in the order in which they were added."""

    def __init__(self) -> None:
        self._models: dict[tuple[str, str], _ModelProgress] = {}
        self._downloaded: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def add_model(self, name: str, model_format: str, total_bytes: int | None = None) -> None:
        """Adds a model, or sets its size once that is known."""
        with self._lock:
            model = self._models.setdefault((name, model_format), _ModelProgress(name, model_format))
            model.total_bytes = model.total_bytes if total_bytes is None else total_bytes

    def set_state(self, name: str, model_format: str, state: State) -> None:
        """Sets the state of a model; "Downloading" sets its received bytes to 0."""
        with self._lock:
            model = self._models[name, model_format]
            model.state = state
            if state == "Downloading":
                model.received_bytes = 0
                self._downloaded.add((name, model_format))

    def add_bytes(self, name: str, model_format: str, count: int) -> None:
        """Adds received bytes; a negative count takes discarded bytes back."""
        with self._lock:
            self._models[name, model_format].received_bytes += count

    def set_published(self, name: str, model_format: str, digest: str, size: int) -> None:
        """Marks a model as complete, whether downloaded now or earlier."""
        with self._lock:
            model = _ModelProgress(name, model_format, "Published", size, size, digest)
            self._models[name, model_format] = model

    def was_downloaded(self, name: str, model_format: str) -> bool:
        """Whether this process downloaded the model, because it was missing."""
        with self._lock:
            return (name, model_format) in self._downloaded

    def snapshot(self) -> dict[str, Any]:
        """`models`, each with `name`, `form`, `state`, `bytes`, `totalBytes` and `digest`, and the totals.

        `totalBytes` and `digest` are None while they are unknown. `percent` is 0 until all sizes are known,
        and 100 only when all models are published.
        """
        with self._lock:
            models = [model.as_json() for model in self._models.values()]
        received = sum(model["bytes"] for model in models)
        totals = [model["totalBytes"] for model in models]
        total = None if None in totals else sum(totals)
        is_done = bool(models) and all(model["state"] == "Published" for model in models)
        percent = 100 if is_done else min(99, 100 * received // total) if total else 0
        return {"models": models, "bytes": received, "totalBytes": total, "percent": percent}
