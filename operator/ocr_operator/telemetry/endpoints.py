"""The operator's HTTP endpoints: `/metrics`, `/readyz` and `/livez`.

kopf's own liveness endpoint only shows that its event loop serves HTTP, as this one does. `cli` starts it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Check = Callable[[], str]
"""Returns why the operator is unhealthy, or an empty text."""


@asynccontextmanager
async def serve_endpoints(
    port: int, registry: CollectorRegistry, readiness: Check, liveness: Check
) -> AsyncIterator[None]:
    """Serves the endpoints while the context is open."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def ready(_: web.Request) -> web.Response:
        return _probe_response(readiness(), "ready")

    async def alive(_: web.Request) -> web.Response:
        return _probe_response(liveness(), "alive")

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/readyz", ready), web.get("/livez", alive)])
    runner = web.AppRunner(app, handle_signals=False, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, None, port).start()
    try:
        yield
    finally:
        await runner.cleanup()


def _probe_response(unhealthy_reason: str, healthy: str) -> web.Response:
    return web.Response(text=f"{unhealthy_reason or healthy}\n", status=503 if unhealthy_reason else 200)
