"""How many OCRBackends roll out at the same time."""

from typing import Any

from ocr_operator.api.names import NamespacedName
from ocr_operator.controller.rollout_pacing import RolloutPacing

A, B, C = (NamespacedName("labs", name) for name in "abc")


def _status(phase: str) -> dict[str, Any]:
    return {"variants": [{"phase": "Ready"}, {"phase": phase}]}


def test_an_ocrbackend_waits_while_as_many_others_as_the_limit_roll_out() -> None:
    pacing = RolloutPacing(2, list)
    for key in (A, B):
        assert pacing.ahead_of(key) == ()
        pacing.update(key, is_rolling=True)
    assert pacing.ahead_of(C) == ("labs/a", "labs/b")
    assert pacing.ahead_of(A) == ()
    pacing.update(A, is_rolling=False)
    assert pacing.ahead_of(C) == ()


def test_a_new_leader_knows_what_rolls_out_from_the_statuses() -> None:
    statuses = [(A, _status("RollingOut")), (B, _status("Queued")), (C, {})]
    pacing = RolloutPacing(1, lambda: statuses)
    assert pacing.ahead_of(B) == ("labs/a",)
    assert pacing.ahead_of(A) == ()
    pacing.update(A, is_rolling=False)
    assert pacing.ahead_of(B) == ()


def test_without_a_limit_none_waits() -> None:
    pacing = RolloutPacing(0, lambda: [(A, _status("RollingOut"))])
    assert pacing.ahead_of(B) == ()
