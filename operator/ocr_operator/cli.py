"""The `ocr-operator` command: reads the command line, connects everything, and runs until told to end.

Decides nothing about OCRBackends. The only place that chooses the real collaborators.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from ocr_operator import cluster, handlers
from ocr_operator.chart_backends import ChartBackends
from ocr_operator.cluster import Cluster, ClusterError
from ocr_operator.config import OperatorConfig, image_name
from ocr_operator.endpoints import serving
from ocr_operator.handlers import Indices
from ocr_operator.metrics import Metrics
from ocr_operator.names import API_VERSION, KIND, Key
from ocr_operator.reconcile import Reconciler
from ocr_operator.status_metrics import StatusCollector
from ocr_operator.work_queue import WorkQueue

logger = logging.getLogger(__name__)

START_SECONDS = 60
"""How long the API server may take until it serves our kind: the chart has just installed it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the operator; answers the exit code."""
    command_line = parser()
    options = command_line.parse_args(arguments)
    if bool(options.backends) != bool(options.backends_owner):
        command_line.error("--backends and --backends-owner go together")
    _log_to_stdout(options.log_level)
    try:
        asyncio.run(_run(options))
    except ClusterError as error:
        logger.error("%s", error)
        return 1
    return 0


def _log_to_stdout(level: str) -> None:
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    # Both say one line per event or probe that they handled.
    for noisy in ("kopf", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(max(logging.getLevelName(level), logging.WARNING))


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
        "--backends", type=Path, metavar="FILE", help="OCRBackends to make at start: names to specs"
    )
    found.add_argument(
        "--backends-owner", metavar="NAMESPACE/NAME", help="ConfigMap that holds that file and owns them"
    )
    found.add_argument(
        "--liveness", default="http://0.0.0.0:8080/healthz", help="URL to answer liveness probes at"
    )
    found.add_argument("--port", type=int, default=8081, help="port of /metrics and /readyz")
    found.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    return found


def _config(options: argparse.Namespace) -> OperatorConfig:
    return OperatorConfig(
        cpu_image=image_name(options.image),
        gpu_image=image_name(options.gpu_image),
        pull_policy=options.pull_policy,
        pull_secrets=tuple(options.pull_secret),
        surge_wait_seconds=options.surge_wait_seconds,
    )


async def _run(options: argparse.Namespace) -> None:
    metrics, indices, queue = Metrics(), Indices(), WorkQueue[Key]()
    metrics.registry.register(StatusCollector(indices.statuses))
    chart = ChartBackends(options.backends, options.backends_owner)

    def not_ready() -> str:
        return chart.not_ready if indices.is_connected else "not watching yet"

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(options.port, metrics.registry, not_ready))
        api = await stack.enter_async_context(cluster.connect())
        await _wait_for_kind(api)
        reconciler = Reconciler(api, indices, _config(options))
        registry = handlers.registry(reconciler, indices, queue, metrics)
        applying = asyncio.create_task(chart.apply(api))
        stack.callback(applying.cancel)
        await handlers.watch(registry, tuple(options.namespace), options.liveness)


async def _wait_for_kind(api: Cluster) -> None:
    """Raises `ClusterError` if the kind does not come: kopf would watch nothing and not say so."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while not await api.serves(API_VERSION, KIND):
        if asyncio.get_running_loop().time() > deadline:
            raise ClusterError(404, f"the API server does not serve {KIND} of {API_VERSION}: install its CRD")
        await asyncio.sleep(1)
