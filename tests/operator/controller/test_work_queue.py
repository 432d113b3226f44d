"""A key is queued once, has one worker at a time, and waits longer after each failure."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from ocr_operator.controller.work_queue import FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, WorkQueue

Queue = WorkQueue[str]


def _run(test: Callable[[Queue], Coroutine[None, None, None]]) -> None:
    async def with_queue() -> None:
        queue = Queue(jitter=lambda: 1.0)
        try:
            await test(queue)
        finally:
            queue.close()

    asyncio.run(with_queue())


def test_a_key_is_queued_once_however_often_it_is_added() -> None:
    async def test(queue: Queue) -> None:
        for key in ("a", "b", "a"):
            queue.add(key)
        assert len(queue) == 2
        assert [await queue.take(), await queue.take()] == ["a", "b"]

    _run(test)


def test_a_key_that_is_added_while_it_is_processed_is_queued_again() -> None:
    async def test(queue: Queue) -> None:
        queue.add("a")
        await queue.take()
        queue.add("a")
        queue.add("a")
        assert len(queue) == 0
        queue.done("a")
        assert await queue.take() == "a"
        queue.done("a")
        assert len(queue) == 0

    _run(test)


@pytest.mark.parametrize(
    ("jitter", "delays"),
    [
        pytest.param(1.0, [1, 2, 4, 8, 16, 20, 20], id="longest delays"),
        pytest.param(0.0, [0.75, 1.5, 3, 6, 12, 15, 15], id="shortest delays"),
    ],
)
def test_each_failure_doubles_the_delay_up_to_a_limit(jitter: float, delays: list[float]) -> None:
    async def test() -> None:
        queue = Queue(lambda: jitter, first_delay=0.001, longest_delay=0.020)
        queue.add("a")
        measured = []
        for _ in delays:
            assert await asyncio.wait_for(queue.take(), 10) == "a"
            measured.append(queue.failed("a") * 1000)
        queue.close()
        assert measured == pytest.approx(delays)

    asyncio.run(test())


def test_a_failure_before_the_delay_is_over_does_not_lengthen_it() -> None:
    async def test(queue: Queue) -> None:
        delays = []
        for _ in range(5):
            queue.add("a")
            await queue.take()
            delays.append(queue.failed("a"))
        assert set(delays) == {FIRST_DELAY_SECONDS}

    _run(test)


def test_a_success_resets_the_backoff() -> None:
    async def test(queue: Queue) -> None:
        queue.add("a")
        await queue.take()
        queue.failed("a")
        queue.add("a")
        await queue.take()
        queue.done("a")
        queue.add("a")
        await queue.take()
        assert queue.failed("a") == 0.5

    _run(test)


def test_a_key_can_be_added_after_a_delay() -> None:
    async def test(queue: Queue) -> None:
        queue.add_after("a", 0.01)
        assert len(queue) == 0
        assert await asyncio.wait_for(queue.take(), 10) == "a"

    _run(test)


def test_the_earlier_of_two_delays_counts() -> None:
    async def test(queue: Queue) -> None:
        queue.add_after("a", 0.01)
        queue.add_after("a", 1000)
        queue.add_after("b", 1000)
        queue.add_after("b", 0.01)
        keys = {await asyncio.wait_for(queue.take(), 10) for _ in range(2)}
        assert keys == {"a", "b"}

    _run(test)


def test_only_one_of_many_workers_has_a_key_at_a_time() -> None:
    async def test(queue: Queue) -> None:
        processing: set[str] = set()
        processed: list[str] = []

        async def work() -> None:
            while True:
                key = await queue.take()
                assert key not in processing
                processing.add(key)
                await asyncio.sleep(0)
                processing.discard(key)
                processed.append(key)
                queue.done(key)

        workers = [asyncio.create_task(work()) for _ in range(4)]
        for _ in range(20):
            for key in "abc":
                queue.add(key)
            await asyncio.sleep(0)
        while len(queue) or processing:
            await asyncio.sleep(0)
        for worker in workers:
            worker.cancel()
        results = await asyncio.gather(*workers, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        assert set(processed) == {"a", "b", "c"}

    _run(test)


def test_each_step_is_counted_once() -> None:
    steps: list[str] = []

    class RecordingMetrics:
        """Records the steps in order."""

        def added(self) -> None:
            steps.append("added")

        def started(self, waited: float) -> None:
            assert waited >= 0
            steps.append("started")

        def finished(self, worked: float) -> None:
            assert worked >= 0
            steps.append("finished")

        def retried(self) -> None:
            steps.append("retried")

    async def test() -> None:
        queue = Queue(metrics=RecordingMetrics())
        queue.add("a")
        queue.add("a")
        await queue.take()
        assert queue.longest_work() > 0
        queue.add("a")
        queue.done("a")
        assert queue.longest_work() == 0
        await queue.take()
        queue.failed("a")
        queue.close()

    asyncio.run(test())
    assert steps == ["added", "started", "finished", "added", "started", "retried", "finished"]


def test_a_fault_that_was_mended_is_retried_within_a_minute() -> None:
    assert FIRST_DELAY_SECONDS < LONGEST_DELAY_SECONDS <= 60
