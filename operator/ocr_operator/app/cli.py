"""The `ocr-operator` command: connects everything and runs until it is stopped.

Decides nothing about OCRBackends. The only place that chooses the real collaborators.
"""

import argparse
import asyncio
import logging
import signal
import socket
import uuid
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from operator import attrgetter

from ocr_operator.api.names import API_VERSION, KIND, GroupVersionKind, NamespacedName
from ocr_operator.app.arguments import claimant, lease_owner, operator_config, parser
from ocr_operator.app.chart_backends import ChartBackends
from ocr_operator.cluster.client import Cluster
from ocr_operator.cluster.connection import connect
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.controller import handlers
from ocr_operator.controller.background import background_task
from ocr_operator.controller.cache_check import CacheVerifier
from ocr_operator.controller.informer_cache import InformerCache
from ocr_operator.controller.optional_api_poller import OptionalApiPoller
from ocr_operator.controller.reconciler import Reconciler
from ocr_operator.controller.watchdog import INACTIVITY_SHARE, Watchdog
from ocr_operator.controller.work_queue import WorkQueue
from ocr_operator.controller.workers import Controller
from ocr_operator.leader.claim_events import ClaimEvents
from ocr_operator.leader.claims import ClaimFences, NamespaceClaims
from ocr_operator.leader.election import Election, LeaseLock
from ocr_operator.leader.lease import Fence
from ocr_operator.telemetry.claim_metrics import ClaimCollector
from ocr_operator.telemetry.endpoints import serve_endpoints
from ocr_operator.telemetry.log_format import configure_logging
from ocr_operator.telemetry.metrics import Metrics
from ocr_operator.telemetry.status_metrics import StatusCollector

logger = logging.getLogger(__name__)

SECURITY_CONTEXT_CONSTRAINTS = GroupVersionKind("security.openshift.io/v1", "SecurityContextConstraints")
"""OpenShift's API; a cluster that serves it assigns user ids to pods."""

IMAGE_VOLUMES_SINCE = (1, 35)
"""First Kubernetes version in which image volumes are enabled by default (KEP-4639)."""

CRD_TIMEOUT_SECONDS = 60
"""How long the API server may take to serve OCRBackends: the chart has just installed their definition."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the operator; returns the exit code."""
    command_line = parser()
    options = command_line.parse_args(arguments)
    if bool(options.backends) != bool(options.backends_owner):
        command_line.error("--backends and --backends-owner must be given together")
    configure_logging(options.log_level, as_json=options.log_format == "json")
    try:
        return asyncio.run(_run(options))
    except ClusterError as error:
        logger.error("%s", error)
        return 1


@dataclass(frozen=True)
class _Process:
    """What every part of this process shares."""

    options: argparse.Namespace
    cluster: Cluster
    claims: NamespaceClaims
    cache: InformerCache
    metrics: Metrics
    watchdog: Watchdog


async def _run(options: argparse.Namespace) -> int:
    """Waits to become the leader, leads, and releases the Lease; 1 if the Lease was lost, for a restart."""
    metrics, cache, fence, watchdog = Metrics(), InformerCache(), Fence(), Watchdog(options.stale_seconds)
    metrics.registry.register(StatusCollector(cache.statuses))
    metrics.track_leader(options.lease.name, fence.seconds_left)
    fences = ClaimFences(fence)
    lock = LeaseLock(options.lease, f"{socket.gethostname()}_{uuid.uuid4()}", lease_owner(options))
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(connect(fences.seconds_left, metrics.count_api_request))
        election = Election(cluster, lock, fence)
        claims = NamespaceClaims(cluster, claimant(options), fences)
        claims.on_refused = ClaimEvents(cluster, options.lease).refused
        metrics.registry.register(ClaimCollector(claims.managed_elsewhere))
        chart = ChartBackends(options.backends, options.backends_owner, claims.acquire)
        process = _Process(options, cluster, claims, cache, metrics, watchdog)

        def not_ready_reason() -> str:
            is_standby = election.leader not in ("", lock.identity)
            not_watching = "" if is_standby or cache.is_connected else "watches not started yet"
            return not_watching or claims.not_ready_reason() or chart.not_ready_reason

        await stack.enter_async_context(
            serve_endpoints(options.port, metrics.registry, not_ready_reason, watchdog.unhealthy_reason)
        )
        await _wait_for_crd(cluster)
        for task in _background_tasks(process, chart):
            stack.callback(task.cancel)
        stop = _stop_event()
        if not await _finishes_before(stop, election.acquire()):
            return 0
        stack.push_async_callback(election.release)
        chart.lead()
        return await _lead(election, _watch(options, await _controller(process), stop), stop)


def _background_tasks(process: _Process, chart: ChartBackends) -> list[asyncio.Task[None]]:
    """What a standby does too: it finds out whether it is ready to lead."""

    def namespaces() -> set[str]:
        return set(map(attrgetter("namespace"), process.cache.keys()))

    loops = {"claims": process.claims.run(namespaces), "chart backends": chart.run(process.cluster)}
    return [background_task(name, loop, process.watchdog) for name, loop in loops.items()]


async def _controller(process: _Process) -> Controller:
    options, cluster, cache = process.options, process.cluster, process.cache
    has_image_volumes = options.image_volumes == "Auto" and await cluster.version() >= IMAGE_VOLUMES_SINCE
    config = replace(
        operator_config(options),
        has_image_volumes=has_image_volumes,
        assigns_user_ids=await cluster.serves(*SECURITY_CONTEXT_CONSTRAINTS),
    )
    reconciler = Reconciler(cluster, cache, config)
    poller = OptionalApiPoller(
        cluster,
        reconciler.observer.optional_apis,
        cache.keys,
        reconciler.last_applied.objects_of,
        tuple(options.namespace),
    )
    verifier = CacheVerifier(cluster, cache, process.watchdog, tuple(options.namespace))
    queue = WorkQueue[NamespacedName](metrics=process.metrics)
    return Controller(reconciler, cache, queue, process.metrics, verifier, poller, process.claims)


def _watch(
    options: argparse.Namespace, controller: Controller, stop: asyncio.Event
) -> Coroutine[None, None, None]:
    inactivity_seconds = controller.verifier.watchdog.stale_seconds * INACTIVITY_SHARE
    registry = handlers.registry(controller)
    return handlers.watch(registry, tuple(options.namespace), stop, inactivity_seconds)


def _stop_event() -> asyncio.Event:
    """Set by SIGTERM and SIGINT; kopf handles the signals once it runs."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _finishes_before(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Whether the work finishes before the stop signal."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    done, pending = await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()
    return working in done


async def _lead(election: Election, watching: Coroutine[None, None, None], stop: asyncio.Event) -> int:
    """Watches until the process is stopped or the Lease is lost; returns the exit code."""
    renewing = asyncio.create_task(election.renew())
    renewing.add_done_callback(lambda _: stop.set())
    await watching
    if renewing.done():
        renewing.result()
        return 1
    renewing.cancel()
    await asyncio.gather(renewing, return_exceptions=True)
    return 0


async def _wait_for_crd(cluster: Cluster) -> None:
    """Waits until OCRBackends are served: kopf would watch nothing and report no error.

    Raises:
        ClusterError: they are not served in time.
    """
    deadline = asyncio.get_running_loop().time() + CRD_TIMEOUT_SECONDS
    while not await cluster.serves(API_VERSION, KIND):
        if asyncio.get_running_loop().time() > deadline:
            raise ClusterError(404, f"the API server does not serve {KIND} of {API_VERSION}: install its CRD")
        await asyncio.sleep(1)
