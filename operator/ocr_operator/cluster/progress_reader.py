"""Asks the pods that download models for their progress. A pod that does not respond in time is skipped.

Only the status depends on it: a NetworkPolicy may block the operator.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import aiohttp

from ocr_operator.api.names import PORT, NamespacedName
from ocr_operator.observed.download_progress import Progress, progress_for_status, progress_of
from ocr_operator.observed.pods import ObservedPod

logger = logging.getLogger(__name__)

POLL_SECONDS = 3.0
"""Interval at which a pod that downloads models is asked."""

_TIMEOUT_SECONDS = 1.0

_Attempt = tuple[str, int]
"""Name of a pod, and how often its container was restarted."""

FetchProgress = Callable[[str], Awaitable[Progress | None]]


async def fetch_progress(address: str) -> Progress | None:
    """The progress that the pod at an address reports; None if it reports none."""
    host = f"[{address}]" if ":" in address else address
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{host}:{PORT}/progress", allow_redirects=False) as response,
        ):
            return progress_of(await response.json(content_type=None))
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        logger.debug("%s reports no progress: %r", address, error)
        return None


@dataclass(frozen=True)
class _Reported:
    """What is known of one download attempt: bytes at its first response, and the progress in the status.

    `time`: when the progress was read, in seconds of the reader's clock.
    """

    first_size: int
    progress: Progress
    time: float


class ProgressReader:
    """Keeps, by OCRBackend, the progress of each download attempt that is still running."""

    def __init__(
        self, fetch: FetchProgress = fetch_progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._reported: dict[NamespacedName, dict[_Attempt, _Reported]] = {}

    async def progress(self, key: NamespacedName, pods: Iterable[ObservedPod]) -> Mapping[str, Progress]:
        """Progress to show by pod name, without the pods that have not reported any yet."""
        running = {(pod.name, pod.restarts): pod for pod in pods if pod.is_downloading and pod.address}
        responses = await asyncio.gather(*(self._fetch(pod.address) for pod in running.values()))
        before = self._reported.get(key, {})
        reported = {
            attempt: _updated(before.get(attempt), latest, self._clock())
            for attempt, latest in zip(running, responses, strict=True)
        }
        self._reported[key] = {attempt: entry for attempt, entry in reported.items() if entry}
        return {name: entry.progress for (name, _), entry in self._reported[key].items()}

    def forget(self, key: NamespacedName) -> None:
        """The OCRBackend was deleted."""
        self._reported.pop(key, None)


def _updated(before: _Reported | None, latest: Progress | None, now: float) -> _Reported | None:
    """What is known of an attempt after a response, or after none."""
    if latest is None:
        return before
    if before is None:
        return _Reported(latest.size, latest, now)
    latest = replace(latest, gained=latest.size - before.first_size)
    shown = progress_for_status(before.progress, latest, now - before.time)
    return _Reported(before.first_size, shown, now if shown is latest else before.time)
