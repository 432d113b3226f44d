"""The `ocr-operator` command: reads the command line, connects everything, and runs until told to end.

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
from dataclasses import replace
from pathlib import Path

from ocr_operator.api.names import API_VERSION, KIND, NamespacedName, ObjectReference
from ocr_operator.api.operator_config import OperatorConfig, image_name
from ocr_operator.app.chart_backends import ChartBackends
from ocr_operator.cluster import client
from ocr_operator.cluster.client import Cluster, ClusterError
from ocr_operator.controller import handlers
from ocr_operator.controller.cache_check import CacheVerifier
from ocr_operator.controller.informer_cache import InformerCache
from ocr_operator.controller.optional_api_poller import OptionalApiPoller
from ocr_operator.controller.reconciler import Reconciler
from ocr_operator.controller.watchdog import SILENT_SHARE, STALE_SECONDS, Watchdog
from ocr_operator.controller.work_queue import WorkQueue
from ocr_operator.leader.election import Election
from ocr_operator.leader.lease import Fence
from ocr_operator.telemetry import log_format
from ocr_operator.telemetry.endpoints import serving
from ocr_operator.telemetry.metrics import Metrics
from ocr_operator.telemetry.status_metrics import StatusCollector

logger = logging.getLogger(__name__)

IMAGE_VOLUMES_SINCE = (1, 35)
"""Kubernetes' version from which images can be volumes without anybody switching it on (KEP-4639)."""

START_SECONDS = 60
"""How long the API server may take until it serves our kind: the chart has just installed it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the operator; answers the exit code."""
    command_line = parser()
    options = command_line.parse_args(arguments)
    if bool(options.backends) != bool(options.backends_owner):
        command_line.error("--backends and --backends-owner go together")
    log_format.start(options.log_level, as_json=options.log_format == "json")
    try:
        return asyncio.run(_run(options))
    except ClusterError as error:
        logger.error("%s", error)
        return 1


def parser() -> argparse.ArgumentParser:
    """The command line that the chart writes."""
    found = argparse.ArgumentParser(prog="ocr-operator", description="Runs OCRBackend objects on Kubernetes.")
    where = found.add_mutually_exclusive_group(required=True)
    where.add_argument("--namespace", action="append", default=[], help="namespace to watch; may be repeated")
    where.add_argument("--all-namespaces", action="store_true", help="watch every namespace")
    found.add_argument("--image", required=True, help="backend's image where an OCRBackend names none")
    found.add_argument("--gpu-image", required=True, help="the same for variants with an accelerator")
    found.add_argument("--pull-policy", default="IfNotPresent", choices=("Always", "IfNotPresent", "Never"))
    found.add_argument("--pull-secret", action="append", default=[], help="Secret to pull that image with")
    found.add_argument(
        "--surge-wait-seconds",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long a new pod may wait for a device before an old one gives way",
    )
    found.add_argument(
        "--image-volumes",
        default="Auto",
        choices=("Auto", "Never"),
        help="whether images of models are mounted where Kubernetes can, or copied into each pod",
    )
    found.add_argument(
        "--backends", type=Path, metavar="FILE", help="OCRBackends to make at start: names to specs"
    )
    found.add_argument(
        "--backends-owner", metavar="NAMESPACE/NAME", help="ConfigMap that holds that file and owns them"
    )
    found.add_argument(
        "--lease", required=True, type=_lease, metavar="NAMESPACE/NAME", help="Lease that the leader holds"
    )
    found.add_argument(
        "--stale-seconds",
        type=float,
        default=STALE_SECONDS,
        metavar="SECONDS",
        help="how long nothing may be known of what is watched until /livez says 503",
    )
    found.add_argument("--port", type=int, default=8081, help="port of /metrics, /readyz and /livez")
    found.add_argument("--log-format", default="text", choices=("text", "json"))
    found.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    return found


def _lease(text: str) -> ObjectReference:
    namespace, slash, name = text.partition("/")
    if not (namespace and slash and name):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAMESPACE/NAME")
    return ObjectReference("coordination.k8s.io/v1", "Lease", namespace, name)


def _owner(options: argparse.Namespace) -> ObjectReference | None:
    """The object that the release's leavings belong to: with it they go."""
    namespace, _, name = (options.backends_owner or "").partition("/")
    return ObjectReference("v1", "ConfigMap", namespace, name) if name else None


def _config(options: argparse.Namespace) -> OperatorConfig:
    return OperatorConfig(
        cpu_image=image_name(options.image),
        gpu_image=image_name(options.gpu_image),
        pull_policy=options.pull_policy,
        pull_secrets=tuple(options.pull_secret),
        surge_wait_seconds=options.surge_wait_seconds,
    )


async def _run(options: argparse.Namespace) -> int:
    """Stands by, leads, and gives the lease back; 1 if it was taken from us, so that we are started anew."""
    metrics, indices, fence, watchdog = Metrics(), InformerCache(), Fence(), Watchdog(options.stale_seconds)
    identity = f"{socket.gethostname()}_{uuid.uuid4()}"
    metrics.registry.register(StatusCollector(indices.statuses))
    chart = ChartBackends(options.backends, options.backends_owner)
    metrics.leads(options.lease.name, fence.seconds_left)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(client.connect(fence.seconds_left, metrics.api_answered))
        election = Election(api, options.lease, identity, fence, owner=_owner(options))

        def not_ready() -> str:
            if election.leader not in ("", identity):
                return ""
            return chart.not_ready if indices.is_connected else "not watching yet"

        await stack.enter_async_context(
            serving(options.port, metrics.registry, not_ready, watchdog.unhealthy_reason)
        )
        await _wait_for_kind(api)
        stop = _told_to_end()
        if not await _first(election.win(), stop):
            return 0
        stack.push_async_callback(election.give_back)
        queue = WorkQueue[NamespacedName](counting=metrics)
        has_volumes = options.image_volumes == "Auto" and await api.version() >= IMAGE_VOLUMES_SINCE
        reconciler = Reconciler(api, indices, replace(_config(options), has_image_volumes=has_volumes))
        namespaces = tuple(options.namespace)
        auditor = CacheVerifier(api, indices, watchdog, namespaces)
        late = OptionalApiPoller(
            api, reconciler.optional, indices.keys, reconciler.memory.with_kind, namespaces
        )
        applying = asyncio.create_task(chart.apply(api))
        stack.callback(applying.cancel)
        watching = handlers.watch(
            handlers.registry(reconciler, indices, queue, metrics, auditor, late),
            namespaces,
            stop,
            watchdog.limit * SILENT_SHARE,
        )
        return await _while_leading(election, watching, stop)


def _told_to_end() -> asyncio.Event:
    """Set by SIGTERM and SIGINT; kopf, once it runs, takes the signals over."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _first(work: Coroutine[None, None, None], stop: asyncio.Event) -> bool:
    """Whether the work was done before we were told to end."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    done, rest = await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()
    return working in done


async def _while_leading(
    election: Election, watching: Coroutine[None, None, None], stop: asyncio.Event
) -> int:
    """Watches until told to end, or until the lease is lost; answers the exit code."""
    holding = asyncio.create_task(election.hold())
    holding.add_done_callback(lambda _: stop.set())
    await watching
    if holding.done():
        holding.result()
        return 1
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    return 0


async def _wait_for_kind(api: Cluster) -> None:
    """Raises `ClusterError` if the kind does not come: kopf would watch nothing and not say so."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while not await api.serves(API_VERSION, KIND):
        if asyncio.get_running_loop().time() > deadline:
            raise ClusterError(404, f"the API server does not serve {KIND} of {API_VERSION}: install its CRD")
        await asyncio.sleep(1)
