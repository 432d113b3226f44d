"""Asks the pods that fetch models how far they are. Whoever does not answer in time is not waited for.

Nothing depends on it but what the status shows: a NetworkPolicy may well keep the operator out.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

import aiohttp

from ocr_operator.api.names import PORT, NamespacedName
from ocr_operator.observed.download_progress import Progress, progress_of, to_show
from ocr_operator.observed.observation import ObservedPod

logger = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = 3.0
"""How often a pod that fetches is asked."""

_TIMEOUT_SECONDS = 1.0

T = TypeVar("T")
_Attempt = tuple[str, int]
"""A pod's name, and how often its container was started again."""

Ask = Callable[[str], Awaitable[Progress | None]]


async def ask(address: str) -> Progress | None:
    """What the pod at an address tells; None if it tells nothing."""
    host = f"[{address}]" if ":" in address else address
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{host}:{PORT}/progress", allow_redirects=False) as answer,
        ):
            return progress_of(await answer.json(content_type=None))
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        logger.debug("%s tells no progress: %r", address, error)
        return None


class ProgressReader:
    """Remembers, by OCRBackend, what is shown of each attempt to fetch, for as long as it goes on."""

    def __init__(self, ask: Ask = ask) -> None:
        self._ask = ask
        self._shown: dict[NamespacedName, dict[_Attempt, Progress]] = {}
        self._first: dict[NamespacedName, dict[_Attempt, int]] = {}

    async def progress(self, key: NamespacedName, pods: Iterable[ObservedPod]) -> Mapping[str, Progress]:
        """What is to be shown, by the names of the pods; those of which nothing is known are left out."""
        fetching = {(pod.name, pod.restarts): pod for pod in pods if pod.is_fetching and pod.address}
        told = await asyncio.gather(*(self._ask(pod.address) for pod in fetching.values()))
        first, shown = self._first.get(key, {}), self._shown.get(key, {})
        news = {one: progress for one, progress in zip(fetching, told, strict=True) if progress is not None}
        first = {one: progress.size for one, progress in news.items()} | _of(first, fetching)
        news = {one: replace(each, gained=each.size - first[one]) for one, each in news.items()}
        shown = _of(shown, fetching) | {one: to_show(shown.get(one), each) for one, each in news.items()}
        self._first[key], self._shown[key] = first, shown
        return {name: each for (name, _), each in shown.items()}

    def forget(self, key: NamespacedName) -> None:
        """The OCRBackend was deleted."""
        self._first.pop(key, None)
        self._shown.pop(key, None)


def _of(known: Mapping[_Attempt, T], attempts: Iterable[_Attempt]) -> dict[_Attempt, T]:
    return {one: known[one] for one in attempts if one in known}
