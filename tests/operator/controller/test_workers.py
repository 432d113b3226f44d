"""The tasks of a leading operator: what a reconcile asks for is queued, and the resync trusts no watch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from ocr_operator.api.names import NamespacedName
from ocr_operator.controller import handlers, workers
from ocr_operator.controller.requeue import Result
from ocr_operator.controller.watchdog import Watchdog
from ocr_operator.controller.work_queue import WorkQueue
from ocr_operator.controller.workers import Controller
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.telemetry.metrics import Metrics

KEY = NamespacedName("labs", "ocr")
OWNER = {"kind": "OCRBackend", "name": "ocr", "uid": "uid-1", "controller": True}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "ocr-ch-mobile",
        "namespace": "labs",
        "uid": "uid-2",
        "resourceVersion": "7",
        "ownerReferences": [OWNER],
    },
}


class FakeReconciler:
    """Stands in for `Reconciler`: returns one result after the other, and notes what it was asked."""

    def __init__(self, *results: Result) -> None:
        self._results = list(results)
        self.calls: list[str] = []
        self.deleted: list[ObservedObject] = []
        self.last_applied = SimpleNamespace(record_deletion=lambda _, deleted: self.deleted.append(deleted))
        self.has_finished = asyncio.Event()

    def mark_stale(self, key: NamespacedName) -> None:
        self.calls.append(f"stale {key.name}")

    async def reconcile(self, key: NamespacedName) -> Result:
        self.calls.append(f"reconcile {key.name}")
        if len(self._results) == 1:
            self.has_finished.set()
        return self._results.pop(0) if len(self._results) > 1 else self._results[0]


async def _forever(*_: object) -> None:
    await asyncio.Event().wait()


async def _succeed(*_: object) -> bool:
    return True


def _controller(reconciler: FakeReconciler) -> Controller:
    parts: dict[str, Any] = {
        "reconciler": reconciler,
        "cache": SimpleNamespace(keys=lambda: [KEY]),
        "verifier": SimpleNamespace(watchdog=Watchdog(), run=_forever),
        "poller": SimpleNamespace(find_absent=_succeed, run=_forever),
        "claims": SimpleNamespace(acquire=_succeed, on_claimed=None),
    }
    return Controller(queue=WorkQueue(), metrics=Metrics(), **parts)


@asynccontextmanager
async def _started(controller: Controller) -> AsyncIterator[None]:
    tasks = await controller.start()
    try:
        async with asyncio.timeout(30):
            yield
    finally:
        await controller.stop(tasks)


def test_a_reconcile_that_asks_for_another_one_gets_it() -> None:
    async def scenario() -> list[str]:
        reconciler = FakeReconciler(Result(True, requeue_after=0.001), Result(True))
        controller = _controller(reconciler)
        async with _started(controller):
            controller.queue.add(KEY)
            await reconciler.has_finished.wait()
        return reconciler.calls

    assert asyncio.run(scenario()) == ["reconcile ocr", "reconcile ocr"]


def test_the_resync_reads_from_the_api_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "RESYNC_SECONDS", 0.01)

    async def scenario() -> list[str]:
        reconciler = FakeReconciler(Result(True))
        async with _started(_controller(reconciler)):
            await reconciler.has_finished.wait()
        return reconciler.calls

    assert asyncio.run(scenario())[:2] == ["stale ocr", "reconcile ocr"]


@pytest.mark.parametrize(("event", "deletions"), [("DELETED", 1), ("MODIFIED", 0)])
def test_the_deletion_of_a_managed_object_is_remembered(event: str, deletions: int) -> None:
    reconciler = FakeReconciler(Result(True))
    controller = _controller(reconciler)
    watching = handlers.registry(controller)._watching
    functions = {handler.fn.__name__: handler.fn for handler in watching.get_all_handlers()}
    asyncio.run(functions["managed_object_changed"](event={"type": event}, body=DEPLOYMENT))
    assert len(reconciler.deleted) == deletions
    assert len(controller.queue) == 1
