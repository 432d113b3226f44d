"""kopf outlives outages of the API server that last longer than all of its own retries."""

import asyncio
import itertools
from typing import Any

import kopf
from aiohttp import web

from ocr_operator.api.names import API_VERSION, GROUP, KIND, PLURAL, VERSION
from ocr_operator.controller.backoffs import LONGEST_DELAY_SECONDS, EndlessBackoffs
from ocr_operator.controller.handlers import kopf_settings

FAILURES = 3 * len(tuple(kopf.OperatorSettings().networking.error_backoffs))  # type: ignore[arg-type]
"""More than kopf itself would survive."""


def _delays(number: int, jitter: float) -> list[float]:
    return list(itertools.islice(EndlessBackoffs(jitter=lambda: jitter), number))


def test_delays_grow_to_the_longest_and_never_end() -> None:
    delays = _delays(1000, 1.0)
    assert delays[:5] == [1, 2, 4, 8, 15]
    assert set(delays[4:]) == {LONGEST_DELAY_SECONDS}


def test_jitter_shortens_delays_by_half_at_most() -> None:
    assert _delays(1000, 0.0) == [delay / 2 for delay in _delays(1000, 1.0)]


def test_each_request_starts_with_the_first_delay() -> None:
    backoffs = EndlessBackoffs(jitter=lambda: 1.0)
    assert [next(iter(backoffs)), next(iter(backoffs))] == [1, 1]


def _resource(name: str, kind: str, is_namespaced: bool = True) -> dict[str, Any]:
    verbs = ["list", "watch", "patch"]
    return {"name": name, "singularName": "", "kind": kind, "namespaced": is_namespaced, "verbs": verbs}


def _group(name: str, version: str) -> dict[str, Any]:
    versions = [{"version": version, "groupVersion": f"{name}/{version}"}]
    return {"name": name, "preferredVersion": versions[0], "versions": versions}


DISCOVERY: dict[str, Any] = {
    "/api": {"versions": ["v1"]},
    "/api/v1": {"resources": [_resource("namespaces", "Namespace", is_namespaced=False)]},
    "/apis": {"groups": [_group("apiextensions.k8s.io", "v1"), _group(GROUP, VERSION)]},
    "/apis/apiextensions.k8s.io/v1": {
        "resources": [_resource("customresourcedefinitions", "CustomResourceDefinition", is_namespaced=False)]
    },
    f"/apis/{API_VERSION}": {"resources": [_resource(PLURAL, KIND)]},
}


class FailingApiServer:
    """Serves one OCRBackend to watches. Lists fail with 503 `FAILURES` times, then they succeed."""

    def __init__(self) -> None:
        self.failures = 0

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """The response to any request."""
        if request.path in DISCOVERY:
            return web.json_response(DISCOVERY[request.path])
        if PLURAL not in request.path:
            return web.json_response({}, status=404)
        if self.failures < FAILURES:
            self.failures += 1
            return web.json_response({"kind": "Status", "code": 503, "message": "etcd is down"}, status=503)
        if "watch" in request.query:
            watch = web.StreamResponse()
            await watch.prepare(request)
            await asyncio.Event().wait()
        metadata = {"name": "ocr", "namespace": "labs", "uid": "u", "resourceVersion": "5"}
        backend = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": {}}
        return web.json_response({"kind": "List", "metadata": {"resourceVersion": "5"}, "items": [backend]})


async def _watch_until_an_event(port: int) -> None:
    registry, stop, event = kopf.OperatorRegistry(), asyncio.Event(), asyncio.Event()

    @kopf.on.login(registry=registry)
    def login(**_: Any) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server=f"http://127.0.0.1:{port}")

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def changed(**_: Any) -> None:
        event.set()

    settings = kopf_settings(72)
    assert isinstance(settings.networking.error_backoffs, EndlessBackoffs)
    settings.networking.error_backoffs = EndlessBackoffs((), 0.01)
    watching = asyncio.create_task(
        kopf.operator(registry=registry, settings=settings, standalone=True, clusterwide=True, stop_flag=stop)
    )
    arriving = asyncio.create_task(event.wait())
    await asyncio.wait((watching, arriving), timeout=20, return_when=asyncio.FIRST_COMPLETED)
    assert not watching.done(), "kopf gave up"
    assert arriving.done()
    stop.set()
    await asyncio.wait((watching,), timeout=20)


def test_kopf_survives_more_failures_than_it_retries_by_itself() -> None:
    api_server = FailingApiServer()

    async def scenario() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", api_server.respond)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            await _watch_until_an_event(runner.addresses[0][1])
        finally:
            await runner.cleanup()

    asyncio.run(scenario())
    assert api_server.failures == FAILURES
