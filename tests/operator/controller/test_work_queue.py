"""The queue: each key once, with one worker at a time, and later each time it fails."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from ocr_operator.controller.work_queue import FIRST_DELAY_SECONDS, WorkQueue

Queue = WorkQueue[str]


def _run(test: Callable[[Queue], Coroutine[None, None, None]], spread: float = 1.0) -> None:
    async def with_queue() -> None:
        queue = Queue(spread=lambda: spread)
        try:
            await test(queue)
        finally:
            queue.close()

    asyncio.run(with_queue())


def test_a_key_waits_once_however_often_it_is_added() -> None:
    async def test(queue: Queue) -> None:
        for key in ("a", "b", "a"):
            queue.add(key)
        assert len(queue) == 2
        assert [await queue.take(), await queue.take()] == ["a", "b"]

    _run(test)


def test_a_key_that_is_worked_on_comes_back_afterwards() -> None:
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
    ("spread", "delays"),
    [
        pytest.param(1.0, [1, 2, 4, 8, 16, 20, 20], id="the longest"),
        pytest.param(0.0, [0.75, 1.5, 3, 6, 12, 15, 15], id="the shortest"),
    ],
)
def test_each_failure_doubles_the_delay_up_to_a_limit(spread: float, delays: list[float]) -> None:
    async def test() -> None:
        queue = Queue(lambda: spread, first_delay=0.001, longest_delay=0.020)
        queue.add("a")
        found = []
        for _ in delays:
            assert await asyncio.wait_for(queue.take(), 10) == "a"
            found.append(queue.failed("a") * 1000)
        queue.close()
        assert found == pytest.approx(delays)

    asyncio.run(test())


def test_a_failure_before_its_time_adds_nothing_to_the_delay() -> None:
    async def test(queue: Queue) -> None:
        found = []
        for _ in range(5):
            queue.add("a")
            await queue.take()
            found.append(queue.failed("a"))
        assert set(found) == {FIRST_DELAY_SECONDS}

    _run(test)


def test_a_success_forgets_the_failures() -> None:
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


def test_a_key_can_be_asked_for_later() -> None:
    async def test(queue: Queue) -> None:
        queue.add_after("a", 0.01)
        assert len(queue) == 0
        assert await asyncio.wait_for(queue.take(), 10) == "a"

    _run(test)


def test_the_earlier_of_two_times_holds() -> None:
    async def test(queue: Queue) -> None:
        queue.add_after("a", 0.01)
        queue.add_after("a", 1000)
        queue.add_after("b", 1000)
        queue.add_after("b", 0.01)
        taken = {await asyncio.wait_for(queue.take(), 10) for _ in range(2)}
        assert taken == {"a", "b"}

    _run(test)


def test_many_workers_see_each_key_one_at_a_time() -> None:
    async def test(queue: Queue) -> None:
        working: set[str] = set()
        seen: list[str] = []

        async def work() -> None:
            while True:
                key = await queue.take()
                assert key not in working
                working.add(key)
                await asyncio.sleep(0)
                working.discard(key)
                seen.append(key)
                queue.done(key)

        workers = [asyncio.create_task(work()) for _ in range(4)]
        for _ in range(20):
            for key in "abc":
                queue.add(key)
            await asyncio.sleep(0)
        while len(queue) or working:
            await asyncio.sleep(0)
        for worker in workers:
            worker.cancel()
        ends = await asyncio.gather(*workers, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        assert set(seen) == {"a", "b", "c"}

    _run(test)


def test_each_step_is_counted_once() -> None:
    counted: list[str] = []

    class Counting:
        """Writes down what it is told, in order."""

        def added(self) -> None:
            counted.append("added")

        def taken(self, waited: float) -> None:
            assert waited >= 0
            counted.append("taken")

        def finished(self, worked: float) -> None:
            assert worked >= 0
            counted.append("finished")

        def retried(self) -> None:
            counted.append("retried")

    async def test() -> None:
        queue = Queue(counting=Counting())
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
    assert counted == ["added", "taken", "finished", "added", "taken", "retried", "finished"]
