import threading
import time

import pytest

from ocr_backend.errors import ImageError, LateError
from ocr_backend.pipeline.result_cache import ResultCache


def soon(seconds: float = 30) -> float:
    return time.monotonic() + seconds


class Made:
    """Makes results and remembers how often; `gate` holds it up."""

    def __init__(self, *results: str | Exception) -> None:
        self.times = 0
        self.begun = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self._results = list(results)

    def __call__(self) -> str:
        self.times += 1
        self.begun.set()
        self.gate.wait(30)
        result = self._results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def asked(cache: ResultCache[str], key: str, make: Made, until: float, answers: list) -> threading.Thread:
    def ask() -> None:
        try:
            answers.append(cache.result(key, make, until))
        except ImageError as error:
            answers.append(error.outcome)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_a_result_is_made_once() -> None:
    heard: list[str] = []
    cache = ResultCache(10, len, heard.append)
    make = Made("one", "two")
    assert [cache.result("a", make, soon()) for _ in range(3)] == ["one"] * 3
    assert cache.result("b", make, soon()) == "two"
    assert make.times == 2
    assert heard == ["miss", "hit", "hit", "miss"]


def test_the_least_recently_used_goes_first() -> None:
    cache = ResultCache(6, len)
    for key in "ab":
        cache.result(key, Made("xxx"), soon())
    cache.result("a", Made(), soon())
    cache.result("c", Made("xxx"), soon())
    assert cache.result("a", Made(), soon()) == "xxx"
    assert cache.result("b", Made("again"), soon()) == "again"


def test_what_is_larger_than_the_whole_cache_is_not_kept() -> None:
    cache = ResultCache(3, len)
    make = Made("large", "large")
    assert [cache.result("a", make, soon()) for _ in range(2)] == ["large"] * 2


def test_switched_off_it_keeps_nothing() -> None:
    make = Made("one", "two")
    cache = ResultCache(0, len)
    assert [cache.result("a", make, soon()) for _ in range(2)] == ["one", "two"]


def test_who_asks_while_it_is_being_made_waits_for_it() -> None:
    heard: list[str] = []
    cache, make, answers = ResultCache(10, len, heard.append), Made("one"), []
    make.gate.clear()
    threads = [asked(cache, "a", make, soon(), answers)]
    assert make.begun.wait(30)
    threads += [asked(cache, "a", make, soon(), answers) for _ in range(5)]
    make.gate.set()
    for thread in threads:
        thread.join(30)
    assert answers == ["one"] * 6
    assert make.times == 1
    assert sorted(set(heard)) in (["hit", "joined", "miss"], ["joined", "miss"], ["hit", "miss"])


def test_who_waits_does_so_until_its_own_deadline() -> None:
    cache, make, answers = ResultCache(10, len), Made("one"), []
    make.gate.clear()
    first = asked(cache, "a", make, soon(), answers)
    assert make.begun.wait(30)
    with pytest.raises(LateError):
        cache.result("a", make, soon(0.01))
    make.gate.set()
    first.join(30)
    assert answers == ["one"]


def test_who_waited_for_one_that_was_late_makes_it_itself() -> None:
    cache, make, answers = ResultCache(10, len), Made(LateError(), "one"), []
    make.gate.clear()
    threads = [asked(cache, "a", make, soon(), answers)]
    assert make.begun.wait(30)
    threads.append(asked(cache, "a", make, soon(), answers))
    make.gate.set()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == ["late", "one"]


def test_an_error_is_told_to_all_who_wait_and_not_kept() -> None:
    cache, make = ResultCache(10, len), Made(ImageError("broken", "damaged"), "one")
    with pytest.raises(ImageError, match="damaged"):
        cache.result("a", make, soon())
    assert cache.result("a", make, soon()) == "one"
