import threading
import time

import pytest

from ocr_backend.errors import DeadlineExceededError, ImageError
from ocr_backend.pipeline.result_cache import ResultCache


def soon(seconds: float = 30) -> float:
    return time.monotonic() + seconds


class Computation:
    """Returns results in turn and counts the calls; a closed `gate` blocks it."""

    def __init__(self, *results: str | Exception) -> None:
        self.calls = 0
        self.started = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self._results = list(results)

    def __call__(self) -> str:
        self.calls += 1
        self.started.set()
        self.gate.wait(30)
        result = self._results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def get_in_background(
    cache: ResultCache[str], compute: Computation, deadline: float, results: list
) -> threading.Thread:
    def get() -> None:
        try:
            results.append(cache.get_or_compute("a", compute, deadline))
        except ImageError as error:
            results.append(error.outcome)

    thread = threading.Thread(target=get)
    thread.start()
    return thread


def test_a_result_is_computed_once() -> None:
    lookups: list[str] = []
    cache = ResultCache(10, len, lookups.append)
    compute = Computation("one", "two")
    assert [cache.get_or_compute("a", compute, soon()) for _ in range(3)] == ["one"] * 3
    assert cache.get_or_compute("b", compute, soon()) == "two"
    assert compute.calls == 2
    assert lookups == ["miss", "hit", "hit", "miss"]


def test_the_least_recently_used_result_is_evicted_first() -> None:
    cache = ResultCache(6, len)
    for key in "ab":
        cache.get_or_compute(key, Computation("xxx"), soon())
    cache.get_or_compute("a", Computation(), soon())
    cache.get_or_compute("c", Computation("xxx"), soon())
    assert cache.get_or_compute("a", Computation(), soon()) == "xxx"
    assert cache.get_or_compute("b", Computation("again"), soon()) == "again"


def test_a_result_larger_than_the_cache_is_not_cached() -> None:
    cache = ResultCache(3, len)
    compute = Computation("large", "large")
    assert [cache.get_or_compute("a", compute, soon()) for _ in range(2)] == ["large"] * 2


def test_a_cache_of_size_0_caches_nothing() -> None:
    compute = Computation("one", "two")
    cache = ResultCache(0, len)
    assert [cache.get_or_compute("a", compute, soon()) for _ in range(2)] == ["one", "two"]


def test_concurrent_lookups_wait_for_one_computation() -> None:
    lookups: list[str] = []
    cache, compute, results = ResultCache(10, len, lookups.append), Computation("one"), []
    compute.gate.clear()
    threads = [get_in_background(cache, compute, soon(), results)]
    assert compute.started.wait(30)
    threads += [get_in_background(cache, compute, soon(), results) for _ in range(5)]
    compute.gate.set()
    for thread in threads:
        thread.join(30)
    assert results == ["one"] * 6
    assert compute.calls == 1
    assert sorted(set(lookups)) in (["hit", "joined", "miss"], ["joined", "miss"], ["hit", "miss"])


def test_a_waiting_lookup_ends_at_its_own_deadline() -> None:
    cache, compute, results = ResultCache(10, len), Computation("one"), []
    compute.gate.clear()
    first = get_in_background(cache, compute, soon(), results)
    assert compute.started.wait(30)
    with pytest.raises(DeadlineExceededError):
        cache.get_or_compute("a", compute, soon(0.01))
    compute.gate.set()
    first.join(30)
    assert results == ["one"]


def test_a_lookup_computes_the_result_itself_if_the_other_thread_was_late() -> None:
    cache, compute, results = ResultCache(10, len), Computation(DeadlineExceededError(), "one"), []
    compute.gate.clear()
    threads = [get_in_background(cache, compute, soon(), results)]
    assert compute.started.wait(30)
    threads.append(get_in_background(cache, compute, soon(), results))
    compute.gate.set()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["late", "one"]


def test_an_error_is_raised_and_not_cached() -> None:
    cache, compute = ResultCache(10, len), Computation(ImageError("broken", "damaged"), "one")
    with pytest.raises(ImageError, match="damaged"):
        cache.get_or_compute("a", compute, soon())
    assert cache.get_or_compute("a", compute, soon()) == "one"
