"""Events of type Warning as the API server reports them. Pure."""

from dataclasses import dataclass

from ocr_operator.observed.object_metadata import Json


@dataclass(frozen=True)
class WarningEvent:
    """An Event of type Warning. `name` is that of the object that it is about."""

    name: str
    reason: str
    message: str


def warning_event(body: Json) -> WarningEvent:
    """The facts of a core v1 Event."""
    return WarningEvent(body["involvedObject"]["name"], body.get("reason", ""), body.get("message", ""))
