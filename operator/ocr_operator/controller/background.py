"""Tasks that run as long as the process: one that fails is logged and makes the liveness probe fail.

Nothing but a new process starts such a task again.
"""

import asyncio
import logging
from collections.abc import Coroutine

from ocr_operator.controller.watchdog import Watchdog

logger = logging.getLogger(__name__)


def background_task(name: str, loop: Coroutine[None, None, None], watchdog: Watchdog) -> asyncio.Task[None]:
    """Runs a loop that does not end by itself."""

    def report(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            logger.error("background task %s failed", name, exc_info=error)
            watchdog.task_failed(name)

    task = asyncio.create_task(loop, name=name)
    task.add_done_callback(report)
    return task
