import contextvars
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from ocr_backend.pipeline.fair_scheduler import FairScheduler, report_progress, waiting

SOON = 30.0


@pytest.fixture
def make_scheduler() -> Iterator[Callable[..., FairScheduler]]:
    schedulers = []

    def make(threads: int, **options: object) -> FairScheduler:
        schedulers.append(FairScheduler(threads, **options))
        return schedulers[-1]

    yield make
    for scheduler in schedulers:
        scheduler.stop()


def later(seconds: float = SOON) -> float:
    return time.monotonic() + seconds


def in_background(function: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = later()
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


class QueueLength:
    """The queue length that a scheduler has reported last."""

    def __init__(self) -> None:
        self.value = 0

    def __call__(self, value: int) -> None:
        self.value = value


def test_results_come_in_the_order_of_the_jobs(make_scheduler) -> None:
    assert make_scheduler(4).run([lambda n=n: n * n for n in range(100)], later()) == [
        n * n for n in range(100)
    ]


def test_no_jobs_give_no_results(make_scheduler) -> None:
    assert make_scheduler(1).run([], later()) == []


def test_requests_take_turns(make_scheduler) -> None:
    queue_length = QueueLength()
    scheduler = make_scheduler(1, on_queue_length=queue_length)
    order: list[str] = []
    gate = threading.Event()
    holding = in_background(lambda: scheduler.run([gate.wait], later()))
    wait_until(lambda: scheduler.longest_silence_seconds() > 0)
    long = in_background(
        lambda: scheduler.run([lambda n=n: order.append(f"page {n}") for n in range(500)], later())
    )
    wait_until(lambda: queue_length.value == 500)
    drawn = in_background(lambda: scheduler.run([lambda: order.append("drawn box")], later()))
    wait_until(lambda: queue_length.value == 501)
    gate.set()
    for thread in (holding, long, drawn):
        thread.join(SOON)
    assert order.index("drawn box") == 1
    assert [name for name in order if name != "drawn box"] == [f"page {n}" for n in range(500)]
    assert queue_length.value == 0


def test_at_the_deadline_running_jobs_give_none_and_waiting_jobs_are_dropped(make_scheduler) -> None:
    queue_length = QueueLength()
    scheduler = make_scheduler(1, on_queue_length=queue_length)
    gate = threading.Event()
    ran: list[int] = []
    try:
        results = scheduler.run([lambda: 7, gate.wait, lambda: ran.append(1)], later(0.2))
    finally:
        gate.set()
    assert results == [7, None, None]
    assert queue_length.value == 0
    assert scheduler.run([lambda: 8], later()) == [8]
    assert ran == []


def test_after_a_stop_running_jobs_finish_and_waiting_jobs_are_dropped(make_scheduler) -> None:
    queue_length = QueueLength()
    scheduler = make_scheduler(1, on_queue_length=queue_length)
    gate, results = threading.Event(), []
    running = in_background(lambda: results.extend(scheduler.run([gate.wait, lambda: "never"], later())))
    wait_until(lambda: queue_length.value == 1)
    scheduler.stop()
    assert queue_length.value == 0
    gate.set()
    running.join(SOON)
    assert results == [True, None]
    assert scheduler.run([lambda: 1, lambda: 2], later()) == [None, None]


def test_an_exception_of_a_job_is_raised_to_its_own_request_only(make_scheduler) -> None:
    scheduler = make_scheduler(2)

    def fails() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        scheduler.run([lambda: 1, fails], later())
    assert scheduler.run([lambda: 2], later()) == [2]


def test_jobs_run_in_the_context_of_their_request(make_scheduler) -> None:
    name = contextvars.ContextVar("name", default="default")
    scheduler = make_scheduler(3)

    def run_as(request: str) -> list[str | None]:
        name.set(request)
        return scheduler.run([name.get] * 5, later())

    for request in ("one", "two"):
        assert contextvars.copy_context().run(run_as, request) == [request] * 5
    assert scheduler.run([name.get], later()) == ["default"]


def test_the_age_of_the_oldest_running_job_is_reported(make_scheduler) -> None:
    time_now = [100.0]
    scheduler = make_scheduler(2, clock=lambda: time_now[0])
    assert scheduler.longest_silence_seconds() == 0
    gate, started = threading.Event(), threading.Event()
    running = in_background(lambda: scheduler.run([lambda: (started.set(), gate.wait())], 100.0 + SOON))
    assert started.wait(SOON)
    time_now[0] = 107.0
    assert scheduler.longest_silence_seconds() == 7
    gate.set()
    running.join(SOON)
    wait_until(lambda: scheduler.longest_silence_seconds() == 0)


def test_a_stuck_job_is_not_hidden_by_those_that_started_later(make_scheduler) -> None:
    time_now = [100.0]
    scheduler = make_scheduler(2, clock=lambda: time_now[0])
    gate, started = threading.Event(), threading.Event()
    stuck = in_background(lambda: scheduler.run([lambda: (started.set(), gate.wait())], 100.0 + SOON))
    assert started.wait(SOON)
    time_now[0] = 107.0
    assert scheduler.run([scheduler.longest_silence_seconds], 107.0 + SOON) == [7]
    gate.set()
    stuck.join(SOON)


def test_a_job_that_reports_progress_is_not_silent(make_scheduler) -> None:
    time_now = [100.0]
    scheduler = make_scheduler(1, clock=lambda: time_now[0])
    silences = []

    def read_pages() -> None:
        for _ in range(3):
            report_progress()
            time_now[0] += 400
            silences.append(scheduler.longest_silence_seconds())

    scheduler.run([read_pages], 100.0 + SOON)
    assert silences == [400, 400, 400]


def test_a_job_that_waits_for_others_is_not_running(make_scheduler) -> None:
    time_now = [100.0]
    scheduler = make_scheduler(1, clock=lambda: time_now[0])
    silences = []

    def wait_for_a_slot() -> None:
        with waiting():
            time_now[0] += 3000
            silences.append(scheduler.longest_silence_seconds())
        time_now[0] += 5
        silences.append(scheduler.longest_silence_seconds())

    scheduler.run([wait_for_a_slot], 100.0 + SOON)
    assert silences == [0, 5]


def test_progress_outside_of_a_job_is_ignored() -> None:
    report_progress()
    with waiting():
        pass
