"""The Event about a namespace that another operator manages."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.leader.claim_events import ClaimEvents, refused_event

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEASE = ObjectReference("coordination.k8s.io/v1", "Lease", "system", "ocr-operator")


class FakeCluster:
    """Stands in for `client.Cluster`: the Lease, and the Events that were created."""

    def __init__(self) -> None:
        self.error: ClusterError | None = None
        self.events: list[dict[str, Any]] = []

    async def get(self, ref: ObjectReference) -> dict[str, Any]:
        return {"metadata": {"name": ref.name, "uid": "u1"}}

    async def create(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.error:
            raise self.error
        self.events.append(body)
        return body


def _refused(cluster: Any) -> None:
    asyncio.run(ClaimEvents(cluster, LEASE, lambda: NOW).refused("labs", "labs/first"))


def test_the_event_is_about_the_lease_and_names_the_other_operator() -> None:
    cluster = FakeCluster()
    _refused(cluster)
    [event] = cluster.events
    assert event["message"] == "namespace labs is managed by the operator labs/first"
    assert event["metadata"]["namespace"] == "system"
    assert (event["involvedObject"]["kind"], event["involvedObject"]["uid"]) == ("Lease", "u1")


def test_each_refusal_has_an_event_of_its_own() -> None:
    pairs = [("labs", "labs/first"), ("labs", "labs/third"), ("clinic", "labs/first")]
    names = {refused_event(LEASE, "u1", *pair, NOW)["metadata"]["name"] for pair in pairs}
    assert len(names) == 3


@pytest.mark.parametrize(
    ("error", "is_logged"),
    [
        pytest.param(ClusterError(409, "exists"), False, id="written before a restart"),
        pytest.param(ClusterError(403, "no right"), True, id="forbidden"),
    ],
)
def test_an_event_that_cannot_be_written_stops_nothing(
    error: ClusterError, is_logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = FakeCluster()
    cluster.error = error
    _refused(cluster)
    assert ("not written" in caplog.text) is is_logged
