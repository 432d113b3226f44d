"""Warnings about several objects are read by one request, and Events are limited."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.cluster.errors import ClusterError
from ocr_operator.cluster.event_recorder import EventLimit
from ocr_operator.cluster.warning_events import warning_events
from ocr_operator.observed.warning_events import WarningEvent


def _event(name: str, reason: str, time: str) -> dict[str, Any]:
    return {"involvedObject": {"name": name}, "reason": reason, "message": "m", "lastTimestamp": time}


class FakeCluster:
    """Stands in for `client.Cluster`: lists these Events whatever the selector, and notes the selectors."""

    def __init__(self, *events: dict[str, Any], error: ClusterError | None = None) -> None:
        self._events = events
        self._error = error
        self.selectors: list[str] = []

    async def list(self, api_version: str, kind: str, namespace: str, *, fields: str) -> list[dict[str, Any]]:
        self.selectors.append(fields)
        if self._error:
            raise self._error
        return list(self._events)


def _read(cluster: Any, *names: str) -> list[tuple[str, str]]:
    warnings: tuple[WarningEvent, ...] = asyncio.run(warning_events(cluster, "labs", names))
    return [(warning.name, warning.reason) for warning in warnings]


def test_warnings_about_several_objects_are_read_by_one_request() -> None:
    events = [_event("b", "Second", "2"), _event("other", "Foreign", "1"), _event("b", "First", "1")]
    cluster = FakeCluster(*events, _event("a", "Only", "3"))
    assert _read(cluster, "a", "b") == [("a", "Only"), ("b", "First"), ("b", "Second")]
    assert cluster.selectors == ["type=Warning"]


def test_warnings_about_one_object_are_selected_by_the_api_server() -> None:
    cluster = FakeCluster(_event("a", "Only", "3"))
    assert _read(cluster, "a") == [("a", "Only")]
    assert cluster.selectors == ["type=Warning,involvedObject.name=a"]


def test_without_names_nothing_is_requested() -> None:
    cluster = FakeCluster()
    assert _read(cluster) == []
    assert cluster.selectors == []


def test_events_that_cannot_be_read_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    assert _read(FakeCluster(error=ClusterError(403, "forbidden")), "a") == []
    assert "events of namespace labs cannot be listed: forbidden" in caplog.text


def test_events_of_one_object_are_limited_for_a_minute(now: datetime) -> None:
    limit = EventLimit(per_minute=2)
    assert [limit.allows("ocr", now) for _ in range(3)] == [True, True, False]
    assert limit.allows("other", now)
    assert limit.allows("ocr", now + timedelta(minutes=1))
