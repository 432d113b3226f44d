"""The world of the tests of the status."""

from collections.abc import Callable
from datetime import datetime

import pytest

from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from status_world import World


@pytest.fixture
def world(
    live: Callable[..., ObservedObject],
    pod: Callable[..., ObservedPod],
    config: OperatorConfig,
    now: datetime,
) -> World:
    return World(live, pod, config, now)
