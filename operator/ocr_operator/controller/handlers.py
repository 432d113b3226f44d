"""kopf as our informers: it watches, indexes and wakes the queue; nothing of kopf's own writes anything.

The only module that imports `kopf`. Event handlers and indices alone add no finalizer and no annotation to
the user's object, so it can always be deleted. The workers here are the one place that catches everything.
"""

import asyncio
import logging
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import kopf

from ocr_operator.api.names import GROUP, KIND, PLURAL, SELECTOR, VERSION, NamespacedName
from ocr_operator.cluster.client import ClusterError
from ocr_operator.controller.cache_check import WATCHED_KINDS, CacheVerifier
from ocr_operator.controller.informer_cache import InformerCache
from ocr_operator.controller.optional_api_poller import OptionalApiPoller
from ocr_operator.controller.reconciler import Reconciler
from ocr_operator.controller.watchdog import Watchdog
from ocr_operator.controller.work_queue import WorkQueue
from ocr_operator.observed.observation import (
    ObservedObject,
    ObservedPod,
    observed_object,
    observed_pod,
    parent,
)
from ocr_operator.telemetry.log_format import reconciling
from ocr_operator.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

WORKERS = 4
RESYNC_SECONDS = 600
"""Every OCRBackend is looked at this often in any case, and then by asking the API server itself: kopf's
indices keep objects whose deletion a broken watch has missed."""

_CHILDREN = (
    ("apps", "v1", "deployments"),
    ("", "v1", "services"),
    ("", "v1", "persistentvolumeclaims"),
    ("batch", "v1", "jobs"),
    ("autoscaling", "v2", "horizontalpodautoscalers"),
    ("policy", "v1", "poddisruptionbudgets"),
    ("networking.k8s.io", "v1", "networkpolicies"),
    # Watched where the cluster has it when the operator starts; else `late_kinds` looks after it.
    ("monitoring.coreos.com", "v1", "servicemonitors"),
)
_PODS = ("", "v1", "pods")


def registry(
    reconciler: Reconciler,
    indices: InformerCache,
    queue: WorkQueue[NamespacedName],
    metrics: Metrics,
    auditor: CacheVerifier,
    late: OptionalApiPoller,
) -> kopf.OperatorRegistry:
    """Handlers that fill the indices, wake the queue, and run the workers between startup and cleanup."""
    found = kopf.OperatorRegistry()
    _register_indices(found)
    _register_events(found, reconciler, queue, auditor.watchdog)
    tasks: list[asyncio.Task[None]] = []

    @kopf.on.login(registry=found)
    def credentials_needed(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_via_client(**kwargs)

    @kopf.on.startup(registry=found)
    async def operator_started(**kwargs: Any) -> None:
        indices.connect(kwargs["backends"], kwargs["children"], kwargs["pods"])
        metrics.queue_depth.set_function(lambda: len(queue))
        metrics.longest_work.set_function(queue.longest_work)
        metrics.workers.set(WORKERS)
        metrics.backends.set_function(lambda: len(indices.keys()))
        for _, kind, _ in WATCHED_KINDS:
            metrics.watches(kind, partial(auditor.watchdog.staleness, kind))
        tasks.extend(asyncio.create_task(_work(reconciler, queue, metrics)) for _ in range(WORKERS))
        tasks.append(asyncio.create_task(_resync(reconciler, indices, queue)))
        tasks.append(asyncio.create_task(auditor.run()))
        await late.begin()
        tasks.append(asyncio.create_task(late.run(partial(_distrusted, reconciler, queue))))
        for task in tasks:
            task.add_done_callback(_tell_if_it_died)

    @kopf.on.cleanup(registry=found)
    async def operator_stopped(**_: Any) -> None:
        queue.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return found


def _register_indices(found: kopf.OperatorRegistry) -> None:
    @kopf.index(GROUP, VERSION, PLURAL, id="backends", registry=found)
    def backends(body: kopf.Body, **_: Any) -> dict[NamespacedName, Any]:
        metadata = {k: v for k, v in body["metadata"].items() if k not in ("managedFields", "annotations")}
        return {NamespacedName(metadata["namespace"], metadata["name"]): {**body, "metadata": metadata}}

    def children(body: kopf.Body, **_: Any) -> dict[NamespacedName, ObservedObject]:
        key = _parent(body)
        return {key: observed_object(body)} if key else {}

    for resource in _CHILDREN:
        kopf.index(*resource, id="children", registry=found)(children)

    @kopf.index(*_PODS, id="pods", registry=found)
    def pods(body: kopf.Body, **_: Any) -> dict[NamespacedName, ObservedPod]:
        key = _parent(body)
        return {key: observed_pod(body)} if key else {}


def _register_events(
    found: kopf.OperatorRegistry, reconciler: Reconciler, queue: WorkQueue[NamespacedName], watchdog: Watchdog
) -> None:
    @kopf.on.event(GROUP, VERSION, PLURAL, registry=found)
    async def backend_changed(body: kopf.Body, **_: Any) -> None:
        watchdog.alive(KIND)
        queue.add(NamespacedName(body["metadata"]["namespace"], body["metadata"]["name"]))

    async def child_changed(event: Any, body: kopf.Body, **_: Any) -> None:
        watchdog.alive(body["kind"])
        key = _parent(body)
        if key is None:
            return
        if event["type"] == "DELETED":
            reconciler.memory.gone(key, observed_object(body).ref)
        queue.add(key)

    for resource in _CHILDREN:
        kopf.on.event(*resource, registry=found)(child_changed)

    @kopf.on.event(*_PODS, registry=found)
    async def pod_changed(body: kopf.Body, **_: Any) -> None:
        watchdog.alive("Pod")
        if key := _parent(body):
            queue.add(key)


def _parent(body: kopf.Body) -> NamespacedName | None:
    return parent(body["metadata"])


async def _work(reconciler: Reconciler, queue: WorkQueue[NamespacedName], metrics: Metrics) -> None:
    """Looks at one key after the other, for ever."""
    while True:
        key = await queue.take()
        start = time.monotonic()
        with reconciling(key):
            result = await _look(reconciler, queue, key)
        metrics.reconciled(result, time.monotonic() - start)


async def _look(reconciler: Reconciler, queue: WorkQueue[NamespacedName], key: NamespacedName) -> str:
    """Looks at one key and gives it back to the queue; answers how it ended, as the metric has it."""
    try:
        outcome = await reconciler.reconcile(key)
    except ClusterError as error:
        logger.warning("%s/%s: %s; again in %.1f s", *key, error, queue.failed(key))
        return "error"
    except Exception:
        # A fault of ours with one object must not end the work on all others.
        logger.exception("%s/%s: unexpected; again in %.1f s", *key, queue.failed(key))
        return "error"
    if outcome.requeue_after is not None:
        queue.add_after(key, outcome.requeue_after)
    if not outcome.is_settled:
        queue.failed(key)
        return "requeue"
    queue.done(key)
    return "success" if outcome.requeue_after is None else "requeue_after"


async def _resync(reconciler: Reconciler, indices: InformerCache, queue: WorkQueue[NamespacedName]) -> None:
    """Has everything looked at from time to time, spread out to spare the API server."""
    while True:
        await asyncio.sleep(RESYNC_SECONDS * random.uniform(0.9, 1.1))
        for key, delay in _spread_out(indices.keys()):
            reconciler.mark_stale(key)
            queue.add_after(key, delay)


def _distrusted(reconciler: Reconciler, queue: WorkQueue[NamespacedName], key: NamespacedName) -> None:
    reconciler.mark_stale(key)
    queue.add(key)


def _tell_if_it_died(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.error("a task that never ends has ended", exc_info=error)


def _spread_out(keys: list[NamespacedName]) -> Iterator[tuple[NamespacedName, float]]:
    for position, key in enumerate(keys):
        yield key, position * 0.05


def kopf_settings(silence: float) -> kopf.OperatorSettings:
    """Settings under which kopf writes nothing, needs no rights of its own and notices a dead watch.

    `silence`: seconds after which a watch in which nothing comes is opened anew.
    """
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.enforce_retry_after = True
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = silence
    # A stream that ended without an error can leave kopf blind; a new one every few minutes bounds that.
    settings.watching.server_timeout = random.randint(270, 330)
    # Less than the pod's grace period of 30 s.
    settings.process.ultimate_exiting_timeout = 20
    for resource in (*_CHILDREN, _PODS):
        settings.watching.label_selectors[resource] = SELECTOR
    return settings


async def watch(
    handlers: kopf.OperatorRegistry, namespaces: tuple[str, ...], stop: asyncio.Event, silence: float
) -> None:
    """Runs kopf until a signal or `stop` ends it, in these namespaces or, where there are none, in all.

    `silence`: seconds after which a watch in which nothing comes is opened anew.
    """
    with suppress(asyncio.CancelledError):
        await kopf.operator(
            registry=handlers,
            settings=kopf_settings(silence),
            standalone=True,
            clusterwide=not namespaces,
            namespaces=namespaces,
            stop_flag=stop,
        )
