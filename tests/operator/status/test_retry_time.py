"""When the kubelet restarts a failed download."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.names import MODELS_LABEL
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.status.retry_time import next_retry


@pytest.fixture
def download_pod(pod: Callable[..., ObservedPod]) -> Callable[..., ObservedPod]:
    """`download_pod(…)`: a pod of a download Job."""
    return lambda **facts: pod({MODELS_LABEL: "abc"}, name="ocr-models-abc", **facts)


def _ended(code: int, message: str = "", reason: str = "Error") -> dict[str, Any]:
    at = "2026-11-23T12:00:00Z"
    return {"terminated": {"exitCode": code, "reason": reason, "message": message, "finishedAt": at}}


def _waiting(message: str = "back-off 40s restarting failed container=backend") -> dict[str, Any]:
    return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}


@pytest.mark.parametrize(
    ("message", "restarts", "seconds"),
    [
        ("back-off 10s restarting failed container=backend pod=x", 1, 10),
        ("back-off 1m20s restarting failed container=backend pod=x", 4, 80),
        ("back-off 5m0s restarting failed container=backend pod=x", 9, 300),
        ("another message", 1, 10),
        ("another message", 3, 40),
        ("another message", 30, 300),
    ],
)
def test_the_next_retry_is_after_the_back_off_of_the_kubelet(
    download_pod: Callable[..., ObservedPod], now: datetime, message: str, restarts: int, seconds: int
) -> None:
    pod = download_pod(state=_waiting(message), last=_ended(3), restarts=restarts)
    assert next_retry(pod) == now + timedelta(seconds=seconds)


@pytest.mark.parametrize(("restarts", "seconds"), [(0, None), (1, 10), (3, 40), (7, 300)])
def test_an_ended_container_waits_also_if_the_kubelet_does_not_say_so(
    download_pod: Callable[..., ObservedPod], now: datetime, restarts: int, seconds: int | None
) -> None:
    pod = download_pod(state=_ended(3), last=_ended(4), restarts=restarts)
    assert next_retry(pod) == (now + timedelta(seconds=seconds) if seconds else None)


def test_a_running_pod_has_no_next_retry(download_pod: Callable[..., ObservedPod]) -> None:
    assert next_retry(download_pod(ready=True, last=_ended(3), restarts=1)) is None
