"""The status is not written again for each node that comes or goes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from status_world import World

Make = Callable[..., dict[str, Any]]
MESSAGE = (
    "0/120 nodes are available: 1 Insufficient cpu, 119 node(s) didn't match Pod's node affinity/selector."
)
# The scheduler sorts the parts by their counts.
SORTED_OTHERWISE = (
    "0/120 nodes are available: 118 node(s) didn't match Pod's node affinity/selector, 2 Insufficient cpu."
)


def _waiting(world: World, backend: dict[str, Any], message: str, previous: dict[str, Any]) -> dict[str, Any]:
    world.pods = [replace(world.pods[0], unschedulable_message=message, is_scheduled=False)]
    return world.status(backend, previous=previous)


@pytest.mark.parametrize(
    ("message", "is_same"),
    [
        (MESSAGE.replace("120", "121").replace("119", "120"), True),
        (SORTED_OTHERWISE, True),
        (MESSAGE.replace("cpu", "memory"), False),
    ],
)
def test_counts_of_the_scheduler_do_not_change_the_status(
    world: World, ocrbackend: Make, message: str, is_same: bool
) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    first = _waiting(world, backend, MESSAGE, {})
    assert MESSAGE in first["variants"][0]["message"]
    world.now += timedelta(minutes=1)
    assert (_waiting(world, backend, message, first) == first) is is_same
