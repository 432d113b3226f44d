"""When the kubelet restarts a container that failed.

Pure.
"""

import re
from datetime import datetime, timedelta

from ocr_operator.observed.pods import ObservedPod

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 10, 300
"""The kubelet's waits between two attempts; each is twice the one before."""
_BACK_OFF = re.compile(r"back-off ((?:\d+[hms])+) ")
_UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1}


def next_retry(pod: ObservedPod) -> datetime | None:
    """When the kubelet restarts the container; None if it does not wait.

    For a pod of a Job the kubelet usually reports only that the container has ended (measured with 1.37).
    """
    termination = pod.termination
    if not _is_waiting(pod) or termination is None or termination.exit_code == 0 or not termination.time:
        return None
    return datetime.fromisoformat(termination.time) + timedelta(seconds=_wait_seconds(pod))


def _is_waiting(pod: ObservedPod) -> bool:
    if pod.waiting_reason:
        return pod.waiting_reason == "CrashLoopBackOff"
    return bool(pod.restarts) and not pod.is_ready


def _wait_seconds(pod: ObservedPod) -> int:
    if back_off := _BACK_OFF.search(pod.waiting_message):
        parts = re.findall(r"(\d+)([hms])", back_off[1])
        return sum(int(number) * _UNIT_SECONDS[unit] for number, unit in parts)
    seconds: int = _FIRST_WAIT_SECONDS * 2 ** max(pod.restarts - 1, 0)
    return min(seconds, _LONGEST_WAIT_SECONDS)
