"""The memory budget: callers wait in order, and everything is returned."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ocr_backend.ocr.memory_budget import MemoryBudget

TIMEOUT_SECONDS = 30


@pytest.fixture
def started():
    """Runs a function in a thread; returns the event that signals its end. All must end with the test."""
    threads = []

    def start(function):
        done = threading.Event()

        def run():
            function()
            done.set()

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return done

    yield start
    for thread in threads:
        thread.join(TIMEOUT_SECONDS)
        assert not thread.is_alive()


def hold(budget, pixels, entered, leave):
    with budget.acquire(pixels):
        entered.set()
        assert leave.wait(TIMEOUT_SECONDS)


def test_requests_that_fit_run_together(started):
    budget, entered, leave = MemoryBudget(10), [threading.Event() for _ in range(2)], threading.Event()
    for event in entered:
        started(lambda event=event: hold(budget, 5, event, leave))
    assert all(event.wait(TIMEOUT_SECONDS) for event in entered)
    leave.set()


def test_a_large_request_waits_but_precedes_later_small_ones(started):
    budget, order = MemoryBudget(10), []
    first, leave_first = threading.Event(), threading.Event()
    started(lambda: hold(budget, 5, first, leave_first))
    assert first.wait(TIMEOUT_SECONDS)

    def large():
        with budget.acquire(10):
            order.append("large")

    def small():
        with budget.acquire(1):
            order.append("small")

    large_done = started(large)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not budget.has_waiters:
        assert time.monotonic() < deadline
    small_done = started(small)
    assert not large_done.is_set()
    leave_first.set()
    assert large_done.wait(TIMEOUT_SECONDS)
    assert small_done.wait(TIMEOUT_SECONDS)
    assert order == ["large", "small"]


def test_a_request_above_the_total_runs_alone(started):
    budget = MemoryBudget(10)
    first, leave_first = threading.Event(), threading.Event()
    started(lambda: hold(budget, 25, first, leave_first))
    assert first.wait(TIMEOUT_SECONDS)
    small_done = started(lambda: hold(budget, 1, threading.Event(), leave_first))
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not budget.has_waiters:
        assert time.monotonic() < deadline
    assert not small_done.is_set()
    leave_first.set()
    assert small_done.wait(TIMEOUT_SECONDS)


def test_pixels_are_returned_after_an_error():
    budget = MemoryBudget(10)
    with pytest.raises(ValueError, match="in between"), budget.acquire(10):
        raise ValueError("in between")
    with budget.acquire(10):
        pass


def test_many_callers_never_hold_more_than_the_total():
    budget, lock = MemoryBudget(100), threading.Lock()
    held, maximum = [0], [0]

    def work(pixels):
        with budget.acquire(pixels):
            with lock:
                held[0] += pixels
                maximum[0] = max(maximum[0], held[0])
            with lock:
                held[0] -= pixels

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, [1 + n * 37 % 100 for n in range(2000)]))
    assert 0 < maximum[0] <= 100
    assert held == [0]


def test_a_caller_waits_no_longer_than_its_timeout():
    budget = MemoryBudget(10)
    with budget.acquire(10), pytest.raises(TimeoutError), budget.acquire(1, timeout=0.01):
        pass
    with budget.acquire(10, timeout=0):
        assert not budget.has_waiters
