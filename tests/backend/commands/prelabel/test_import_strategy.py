"""When predictions are stored in one request, and when one by one."""

import math

from ocr_backend.commands.prelabel.import_strategy import ImportStrategy


def test_a_small_project_is_stored_slice_by_slice() -> None:
    assert ImportStrategy(tasks=2000, predictions=1000).prefers_import(50, remaining=0)


def test_a_few_tasks_of_a_large_project_are_stored_one_by_one() -> None:
    assert not ImportStrategy(tasks=100_000, predictions=100_000).prefers_import(50, remaining=500)


def test_with_many_tasks_remaining_an_import_is_tried() -> None:
    strategy = ImportStrategy(tasks=100_000, predictions=20_000)
    assert strategy.prefers_import(50, remaining=80_000)
    strategy.record_import(0.5)
    assert strategy.prefers_import(50, remaining=79_950)


def test_a_slow_import_is_tried_again_only_when_it_is_relatively_cheap() -> None:
    strategy = ImportStrategy(tasks=2000, predictions=0)
    strategy.record_import(40.0)
    strategy.record_singles(50, 5.0)
    assert not strategy.prefers_import(50, remaining=80_000)
    for _ in range(80):
        strategy.record_singles(50, 5.0)
    assert strategy.prefers_import(50, remaining=80_000)


def test_an_import_is_preferred_if_single_requests_are_slow_too() -> None:
    strategy = ImportStrategy(tasks=2000, predictions=0)
    strategy.record_import(10.0)
    strategy.record_singles(10, 20.0)
    assert strategy.prefers_import(10, remaining=0)


def test_an_import_that_did_not_finish_is_not_tried_again() -> None:
    strategy = ImportStrategy(tasks=2000, predictions=0)
    strategy.record_import(math.inf)
    strategy.record_singles(1000, 10_000.0)
    assert not strategy.prefers_import(200, remaining=10**6)


def test_zero_single_requests_change_nothing() -> None:
    strategy = ImportStrategy(tasks=0, predictions=0)
    strategy.record_singles(0, 3.0)
    assert strategy.prefers_import(1, remaining=0)
