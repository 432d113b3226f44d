"""What an observation asks the API server and the pods for, and what it takes from the cache."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.observed.pods import ObservedPod
from reconciler_world import KEY, ReconcilerWorld

CREATING = {"waiting": {"reason": "ContainerCreating"}}


@pytest.fixture
def world(
    ocrbackend: Callable[..., dict[str, Any]], config: OperatorConfig, now: datetime
) -> ReconcilerWorld:
    """The managed objects exist, there are no pods yet."""
    world = ReconcilerWorld(ocrbackend(ocrVersion="PP-OCRv6", models={"source": "Builtin"}), config, now)
    world.reconcile()
    return world


@pytest.mark.parametrize(
    ("seconds", "ready", "requests"),
    [
        pytest.param(11, False, [("list", "Event")], id="stuck in creation"),
        pytest.param(9, False, [], id="just created"),
        pytest.param(11, True, [], id="ready"),
    ],
)
def test_only_a_stuck_pod_has_its_events_read(
    world: ReconcilerWorld,
    pod: Callable[..., ObservedPod],
    now: datetime,
    seconds: int,
    ready: bool,
    requests: list[tuple[str, str]],
) -> None:
    created = now - timedelta(seconds=seconds)
    world.cache.running_pods = (replace(pod({}, ready=ready, state=CREATING), created=created),)
    world.reconcile()
    assert [call for call in world.cluster.calls if call[0] == "list"] == requests


def test_a_stale_key_is_listed_once(world: ReconcilerWorld) -> None:
    world.reconciler.mark_stale(KEY)
    world.reconcile()
    assert ("list", "Deployment") in world.cluster.calls
    assert ("list", "Pod") in world.cluster.calls
    world.reconcile()
    assert world.cluster.calls == []
