"""Whether predictions are stored together or one by one."""

import math

from ocr_backend.commands.prelabel.import_strategy import ImportStrategy


def test_small_projects_are_stored_slice_by_slice() -> None:
    assert ImportStrategy(tasks=2000, predictions=1000).prefers_import(50, left=0)


def test_a_few_tasks_of_a_large_project_are_stored_one_by_one() -> None:
    assert not ImportStrategy(tasks=100_000, predictions=100_000).prefers_import(50, left=500)


def test_with_much_to_come_it_is_tried_whether_this_label_studio_is_quicker() -> None:
    pace = ImportStrategy(tasks=100_000, predictions=20_000)
    assert pace.prefers_import(50, left=80_000)
    pace.imported(0.5)
    assert pace.prefers_import(50, left=79_950)


def test_what_turns_out_slow_is_left_until_a_trial_costs_little() -> None:
    pace = ImportStrategy(tasks=2000, predictions=0)
    pace.imported(40.0)
    pace.stored_singly(50, 5.0)
    assert not pace.prefers_import(50, left=80_000)
    for _ in range(80):
        pace.stored_singly(50, 5.0)
    assert pace.prefers_import(50, left=80_000)


def test_a_busy_moment_is_compared_with_single_ones_in_the_same_moment() -> None:
    pace = ImportStrategy(tasks=2000, predictions=0)
    pace.imported(10.0)
    pace.stored_singly(10, 20.0)
    assert pace.prefers_import(10, left=0)


def test_what_never_came_to_its_end_is_not_tried_again() -> None:
    pace = ImportStrategy(tasks=2000, predictions=0)
    pace.imported(math.inf)
    pace.stored_singly(1000, 10_000.0)
    assert not pace.prefers_import(200, left=10**6)


def test_nothing_stored_tells_nothing() -> None:
    pace = ImportStrategy(tasks=0, predictions=0)
    pace.stored_singly(0, 3.0)
    assert pace.prefers_import(1, left=0)
