"""Which OCRBackends roll out a new revision now, so that an upgrade does not change all at once.

Starts from the statuses that the last leader wrote, and corrects them as each OCRBackend is reconciled.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ocr_operator.api.conditions import Phase
from ocr_operator.api.names import NamespacedName

Statuses = Iterable[tuple[NamespacedName, Mapping[str, Any]]]


class RolloutPacing:
    """At most `limit` OCRBackends roll out at a time; 0 for no limit."""

    def __init__(self, limit: int, statuses: Callable[[], Statuses]) -> None:
        self._limit = limit
        self._statuses = statuses
        self._rolling: set[NamespacedName] | None = None

    def ahead_of(self, key: NamespacedName) -> tuple[str, ...]:
        """The OCRBackends for which this one has to wait, as NAMESPACE/NAME; none if there is room."""
        if not self._limit:
            return ()
        others = sorted(self._known() - {key})
        return tuple("/".join(other) for other in others) if len(others) >= self._limit else ()

    def update(self, key: NamespacedName, is_rolling: bool) -> None:
        """Records whether an OCRBackend rolls out, or false if it was deleted."""
        if is_rolling:
            self._known().add(key)
        else:
            self._known().discard(key)

    def _known(self) -> set[NamespacedName]:
        if self._rolling is None:
            self._rolling = {key for key, status in self._statuses() if _is_rolling(status)}
        return self._rolling


def _is_rolling(status: Mapping[str, Any]) -> bool:
    return any(variant.get("phase") == Phase.ROLLING_OUT for variant in status.get("variants") or [])
