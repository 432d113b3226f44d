"""A background task that ends with an error fails the liveness probe; one that is cancelled does not."""

import asyncio

import pytest

from ocr_operator.controller.background import background_task
from ocr_operator.controller.watchdog import Watchdog


async def _broken() -> None:
    raise RuntimeError("a bug")


async def _endless() -> None:
    await asyncio.Event().wait()


def test_a_failed_task_is_logged_and_fails_the_liveness_probe(caplog: pytest.LogCaptureFixture) -> None:
    watchdog = Watchdog()

    async def scenario() -> None:
        await asyncio.wait((background_task("resync", _broken(), watchdog),))

    asyncio.run(scenario())
    assert watchdog.unhealthy_reason() == "background tasks failed: resync"
    assert "RuntimeError: a bug" in caplog.text


def test_a_cancelled_task_is_healthy() -> None:
    watchdog = Watchdog()

    async def scenario() -> None:
        task = background_task("resync", _endless(), watchdog)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))

    asyncio.run(scenario())
    assert watchdog.unhealthy_reason() == ""
