"""The tasks that run while the operator leads: workers that reconcile, the resync, and checks of the watches.

The one place that catches every exception: a bug with one OCRBackend must not stop the work on the others.
"""

import asyncio
import logging
import random
import time
from dataclasses import dataclass
from functools import partial

from ocr_operator.api.names import NamespacedName
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.controller.background import background_task
from ocr_operator.controller.cache_check import WATCHED_KINDS, CacheVerifier
from ocr_operator.controller.informer_cache import InformerCache
from ocr_operator.controller.optional_api_poller import OptionalApiPoller
from ocr_operator.controller.reconciler import Reconciler
from ocr_operator.controller.work_queue import WorkQueue
from ocr_operator.leader.claims import NamespaceClaims
from ocr_operator.telemetry.log_format import reconciling
from ocr_operator.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

WORKERS = 4
RESYNC_SECONDS = 600
"""Interval at which every OCRBackend is reconciled without an event, from a list of the API server: kopf's
indices keep objects whose deletion a broken watch has missed."""

_RESYNC_STAGGER_SECONDS = 0.05
"""Delay between two OCRBackends of a resync, to spare the API server."""


@dataclass(frozen=True)
class Controller:
    """The parts of the control loop, and their background tasks."""

    reconciler: Reconciler
    cache: InformerCache
    queue: WorkQueue[NamespacedName]
    metrics: Metrics
    verifier: CacheVerifier
    poller: OptionalApiPoller
    claims: NamespaceClaims

    async def start(self) -> list[asyncio.Task[None]]:
        """Starts the background tasks. Called once the cache is connected, before the watches begin."""
        self._register_metrics()
        self.claims.on_claimed = self._reconcile_namespace
        await self.poller.find_absent()
        loops = {
            **{f"worker {number}": self._work() for number in range(WORKERS)},
            "resync": self._resync(),
            "cache check": self.verifier.run(),
            "optional APIs": self.poller.run(self._reconcile_from_api_server),
        }
        watchdog = self.verifier.watchdog
        return [background_task(name, loop, watchdog) for name, loop in loops.items()]

    async def stop(self, tasks: list[asyncio.Task[None]]) -> None:
        """Ends the background tasks and drops what is still in the queue."""
        self.queue.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _register_metrics(self) -> None:
        self.metrics.queue_depth.set_function(lambda: len(self.queue))
        self.metrics.longest_work.set_function(self.queue.longest_work)
        self.metrics.workers.set(WORKERS)
        self.metrics.backends.set_function(lambda: len(self.cache.keys()))
        for _, kind, _ in WATCHED_KINDS:
            self.metrics.track_watch(kind, partial(self.verifier.watchdog.staleness, kind))

    async def _work(self) -> None:
        """One worker: reconciles one key after the other."""
        while True:
            key = await self.queue.take()
            start = time.monotonic()
            with reconciling(key):
                result = await self._reconcile(key)
            self.metrics.reconciled(result, time.monotonic() - start)

    async def _reconcile(self, key: NamespacedName) -> str:
        """Reconciles one key and returns it to the queue; the value of the metric label `result`."""
        if not await self.claims.acquire(key.namespace):
            self.queue.done(key)  # `_reconcile_namespace` adds it again
            return "success"
        try:
            result = await self.reconciler.reconcile(key)
        except ClusterError as error:
            logger.warning("%s/%s: %s; retrying in %.1f s", *key, error, self.queue.failed(key))
            return "error"
        except Exception:
            logger.exception("%s/%s: unexpected error; retrying in %.1f s", *key, self.queue.failed(key))
            return "error"
        if result.requeue_after is not None:
            self.queue.add_after(key, result.requeue_after)
        if not result.is_settled:
            self.queue.failed(key)
            return "requeue"
        self.queue.done(key)
        return "success" if result.requeue_after is None else "requeue_after"

    async def _resync(self) -> None:
        """Reconciles every OCRBackend from time to time."""
        while True:
            await asyncio.sleep(RESYNC_SECONDS * random.uniform(0.9, 1.1))
            for position, key in enumerate(self.cache.keys()):
                self.reconciler.mark_stale(key)
                self.queue.add_after(key, position * _RESYNC_STAGGER_SECONDS)

    def _reconcile_namespace(self, namespace: str) -> None:
        """Reconciles what may have changed while this process was not allowed to write in the namespace."""
        keys = self.cache.keys()
        for key in filter(lambda key: key.namespace == namespace, keys):
            self.queue.add(key)

    def _reconcile_from_api_server(self, key: NamespacedName) -> None:
        self.reconciler.mark_stale(key)
        self.queue.add(key)
