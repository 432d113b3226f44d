import contextvars
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from ocr_backend.pipeline.fair_scheduler import FairScheduler

SOON = 30.0


@pytest.fixture
def make() -> Iterator[Callable[..., FairScheduler]]:
    pools = []

    def made(threads: int, **how: object) -> FairScheduler:
        pools.append(FairScheduler(threads, **how))
        return pools[-1]

    yield made
    for pool in pools:
        pool.stop()


def later(seconds: float = SOON) -> float:
    return time.monotonic() + seconds


def in_background(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def until(is_so: Callable[[], bool]) -> None:
    deadline = later()
    while not is_so():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


class Waiting:
    """Keeps what a pool tells of the jobs that wait."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self, number: int) -> None:
        self.now = number


def test_results_come_in_the_order_of_the_jobs(make) -> None:
    assert make(4).run([lambda n=n: n * n for n in range(100)], later()) == [n * n for n in range(100)]


def test_no_jobs_have_no_results(make) -> None:
    assert make(1).run([], later()) == []


def test_lists_are_served_in_turn(make) -> None:
    waiting = Waiting()
    pool = make(1, tell_waiting=waiting)
    order: list[str] = []
    gate = threading.Event()
    holding = in_background(lambda: pool.run([gate.wait], later()))
    until(lambda: pool.oldest_seconds() > 0)
    long = in_background(
        lambda: pool.run([lambda n=n: order.append(f"page {n}") for n in range(500)], later())
    )
    until(lambda: waiting.now == 500)
    drawn = in_background(lambda: pool.run([lambda: order.append("drawn box")], later()))
    until(lambda: waiting.now == 501)
    gate.set()
    for thread in (holding, long, drawn):
        thread.join(SOON)
    assert order.index("drawn box") == 1
    assert [name for name in order if name != "drawn box"] == [f"page {n}" for n in range(500)]
    assert waiting.now == 0


def test_what_is_not_done_in_time_is_none_and_what_waits_is_dropped(make) -> None:
    waiting = Waiting()
    pool = make(1, tell_waiting=waiting)
    gate = threading.Event()
    ran: list[int] = []
    try:
        results = pool.run([lambda: 7, gate.wait, lambda: ran.append(1)], later(0.2))
    finally:
        gate.set()
    assert results == [7, None, None]
    assert waiting.now == 0
    assert pool.run([lambda: 8], later()) == [8]
    assert ran == []


def test_a_stop_lets_running_jobs_end_and_drops_the_others(make) -> None:
    waiting = Waiting()
    pool = make(1, tell_waiting=waiting)
    gate, results = threading.Event(), []
    running = in_background(lambda: results.extend(pool.run([gate.wait, lambda: "never"], later())))
    until(lambda: waiting.now == 1)
    pool.stop()
    assert waiting.now == 0
    gate.set()
    running.join(SOON)
    assert results == [True, None]
    assert pool.run([lambda: 1, lambda: 2], later()) == [None, None]


def test_a_job_that_raises_is_raised_to_its_list_alone(make) -> None:
    pool = make(2)

    def fails() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        pool.run([lambda: 1, fails], later())
    assert pool.run([lambda: 2], later()) == [2]


def test_jobs_see_the_context_of_the_one_who_asked(make) -> None:
    name = contextvars.ContextVar("name", default="nobody")
    pool = make(3)

    def asks(who: str) -> list[str | None]:
        name.set(who)
        return pool.run([name.get] * 5, later())

    for who in ("one", "two"):
        assert contextvars.copy_context().run(asks, who) == [who] * 5
    assert pool.run([name.get], later()) == ["nobody"]


def test_the_oldest_running_job_tells_its_age(make) -> None:
    now = [100.0]
    pool = make(2, now=lambda: now[0])
    assert pool.oldest_seconds() == 0
    gate, started = threading.Event(), threading.Event()
    running = in_background(lambda: pool.run([lambda: (started.set(), gate.wait())], 100.0 + SOON))
    assert started.wait(SOON)
    now[0] = 107.0
    assert pool.oldest_seconds() == 7
    gate.set()
    running.join(SOON)
    until(lambda: pool.oldest_seconds() == 0)
