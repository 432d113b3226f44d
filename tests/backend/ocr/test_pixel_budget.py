"""The px budget: who must wait, who comes first, and that nothing is lost."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ocr_backend.ocr.pixel_budget import PixelBudget

DEADLINE = 30


@pytest.fixture
def started():
    """Runs something in a thread and gives its end as an event; all must have ended with the test."""
    threads = []

    def start(work):
        done = threading.Event()

        def run():
            work()
            done.set()

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return done

    yield start
    for thread in threads:
        thread.join(DEADLINE)
        assert not thread.is_alive()


def spend(budget, pixels, entered, leave):
    with budget.spent(pixels):
        entered.set()
        assert leave.wait(DEADLINE)


def test_what_fits_goes_on_together(started):
    budget, entered, leave = PixelBudget(10), [threading.Event() for _ in range(2)], threading.Event()
    for event in entered:
        started(lambda event=event: spend(budget, 5, event, leave))
    assert all(event.wait(DEADLINE) for event in entered)
    leave.set()


def test_a_large_one_waits_and_comes_before_later_small_ones(started):
    budget, order = PixelBudget(10), []
    first, leave_first = threading.Event(), threading.Event()
    started(lambda: spend(budget, 5, first, leave_first))
    assert first.wait(DEADLINE)

    def large():
        with budget.spent(10):
            order.append("large")

    def small():
        with budget.spent(1):
            order.append("small")

    large_done = started(large)
    deadline = time.monotonic() + DEADLINE
    while not budget.is_waited_for:
        assert time.monotonic() < deadline
    small_done = started(small)
    assert not large_done.is_set()
    leave_first.set()
    assert large_done.wait(DEADLINE)
    assert small_done.wait(DEADLINE)
    assert order == ["large", "small"]


def test_what_is_larger_than_all_there_is_goes_alone(started):
    budget = PixelBudget(10)
    first, leave_first = threading.Event(), threading.Event()
    started(lambda: spend(budget, 25, first, leave_first))
    assert first.wait(DEADLINE)
    small_done = started(lambda: spend(budget, 1, threading.Event(), leave_first))
    deadline = time.monotonic() + DEADLINE
    while not budget.is_waited_for:
        assert time.monotonic() < deadline
    assert not small_done.is_set()
    leave_first.set()
    assert small_done.wait(DEADLINE)


def test_what_was_spent_comes_back_after_a_failure():
    budget = PixelBudget(10)
    with pytest.raises(ValueError, match="in between"), budget.spent(10):
        raise ValueError("in between")
    with budget.spent(10):
        pass


def test_many_callers_never_hold_more_than_there_is():
    budget, lock = PixelBudget(100), threading.Lock()
    held, most = [0], [0]

    def work(pixels):
        with budget.spent(pixels):
            with lock:
                held[0] += pixels
                most[0] = max(most[0], held[0])
            with lock:
                held[0] -= pixels

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, [1 + n * 37 % 100 for n in range(2000)]))
    assert 0 < most[0] <= 100
    assert held == [0]
