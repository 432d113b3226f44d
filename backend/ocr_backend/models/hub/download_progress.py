"""How far a fetch of models is: told by `hub_models`, asked for by whoever shows it, from any thread."""

import threading
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["Waiting", "Fetching", "Verifying", "Published"]


@dataclass
class _Row:
    name: str
    form: str
    state: State = "Waiting"
    bytes: int = 0
    totalBytes: int | None = None  # noqa: N815 - as it is in the answer
    digest: str | None = None


class Progress:
    """The models of one fetch, in the order in which they were announced."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], _Row] = {}
        self._fetched: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def expect(self, name: str, form: str, total: int | None = None) -> None:
        """A model is wanted; `total` are its bytes, once they are known."""
        with self._lock:
            row = self._rows.setdefault((name, form), _Row(name, form))
            row.totalBytes = row.totalBytes if total is None else total

    def enter(self, name: str, form: str, state: State) -> None:
        """A model is now in a state; beginning to fetch sets its bytes to 0."""
        with self._lock:
            row = self._rows[name, form]
            row.state = state
            if state == "Fetching":
                row.bytes = 0
                self._fetched.add((name, form))

    def add(self, name: str, form: str, count: int) -> None:
        """So many bytes more are there; negative where some were given up again."""
        with self._lock:
            self._rows[name, form].bytes += count

    def publish(self, name: str, form: str, digest: str, size: int) -> None:
        """A model is there, whole, with so many bytes: fetched now or before."""
        with self._lock:
            self._rows[name, form] = _Row(name, form, "Published", size, size, digest)

    def was_fetched(self, name: str, form: str) -> bool:
        """Whether the model was not there, and fetched by this process."""
        with self._lock:
            return (name, form) in self._fetched

    def told(self) -> dict[str, Any]:
        """`models`, each with `name`, `form`, `state`, `bytes`, `totalBytes` and `digest`, and their sums.

        `totalBytes` and `digest` are None as long as they are not known; `percent` is 0 until all sizes are,
        and 100 when all models are published, not before.
        """
        with self._lock:
            rows = [asdict(row) for row in self._rows.values()]
        got = sum(row["bytes"] for row in rows)
        totals = [row["totalBytes"] for row in rows]
        total = None if None in totals else sum(totals)
        is_done = bool(rows) and all(row["state"] == "Published" for row in rows)
        percent = 100 if is_done else min(99, 100 * got // total) if total else 0
        return {"models": rows, "bytes": got, "totalBytes": total, "percent": percent}
