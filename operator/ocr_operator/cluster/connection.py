"""Opens a connection to the API server, from inside a cluster or with a kubeconfig."""

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio import client, config
from kubernetes.aio.dynamic import DynamicClient

from ocr_operator.cluster.calls import bounded
from ocr_operator.cluster.client import Cluster, WriteSecondsLeft
from ocr_operator.cluster.errors import ClusterError

OnResponse = Callable[[str, str], None]


@asynccontextmanager
async def connect(
    write_seconds_left: WriteSecondsLeft = lambda namespace: 0.0,
    on_response: OnResponse = lambda method, status: None,
) -> AsyncIterator[Cluster]:
    """A connection with the pod's service account, or outside of a cluster with the kubeconfig of KUBECONFIG.

    `write_seconds_left`: seconds within which a write in a namespace must be finished; 0 or less forbids it,
    so that a connection is read-only unless a leader opens it. `on_response`: called with method and HTTP
    status of each request; the status is `<error>` without a response.

    Raises:
        ClusterError: no API server is configured, or it does not respond.
    """
    configuration = await _configuration()
    configuration.trace_configs = [_trace(on_response)]
    # By default the client caches its discovery in a file that all processes of the machine share.
    with tempfile.TemporaryDirectory() as folder:
        async with client.ApiClient(configuration) as api:
            cache = str(Path(folder) / "discovery.json")
            dynamic = await bounded(DynamicClient(api, cache_file=cache))  # type: ignore[no-untyped-call]
            yield Cluster(dynamic, write_seconds_left, partial(_reload_token, configuration))


def _trace(on_response: OnResponse) -> aiohttp.TraceConfig:
    async def ended(_: Any, __: Any, request: aiohttp.TraceRequestEndParams) -> None:
        on_response(request.method, str(request.response.status))

    async def failed(_: Any, __: Any, request: aiohttp.TraceRequestExceptionParams) -> None:
        on_response(request.method, "<error>")

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    trace.on_request_exception.append(failed)
    return trace


def _reload_token(configuration: client.Configuration) -> None:
    """Reads the pod's current token; credentials from a kubeconfig do not change."""
    with suppress(config.ConfigException):
        config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]


async def _configuration() -> client.Configuration:
    configuration = client.Configuration()
    try:
        config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    except config.ConfigException:
        try:
            await config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except config.ConfigException as error:
            message = f"neither a pod's service account nor a kubeconfig could be loaded: {error}"
            raise ClusterError(None, message) from error
    return configuration
