"""The operator's HTTP: `/metrics`, `/readyz` and `/livez`.

kopf's own liveness says only that a server runs in its event loop, as this one does too. `cli` starts it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Complaint = Callable[[], str]


@asynccontextmanager
async def serving(
    port: int, registry: CollectorRegistry, not_ready: Complaint, not_alive: Complaint
) -> AsyncIterator[None]:
    """Serves while the context lasts. A complaint answers why the operator is not so, or an empty text."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def ready(_: web.Request) -> web.Response:
        return _answer(not_ready(), "ready")

    async def alive(_: web.Request) -> web.Response:
        return _answer(not_alive(), "alive")

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/readyz", ready), web.get("/livez", alive)])
    runner = web.AppRunner(app, handle_signals=False, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, None, port).start()
    try:
        yield
    finally:
        await runner.cleanup()


def _answer(unhealthy_reason: str, well: str) -> web.Response:
    return web.Response(text=f"{unhealthy_reason or well}\n", status=503 if unhealthy_reason else 200)
