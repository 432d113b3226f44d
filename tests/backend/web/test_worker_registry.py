from pathlib import Path

from ocr_backend.web.worker_registry import WorkerRegistry


def test_those_who_have_entered_and_not_left_are_ready(tmp_path: Path) -> None:
    roster, seen_by_another = WorkerRegistry(tmp_path / "workers"), WorkerRegistry(tmp_path / "workers")
    assert roster.ready() == 0
    roster.enter()
    roster.enter()
    (tmp_path / "workers" / "4711").touch()
    assert seen_by_another.ready() == 2
    seen_by_another.leave(4711)
    seen_by_another.leave(4711)
    assert roster.ready() == 1
    roster.leave()
    assert seen_by_another.ready() == 0


def test_every_start_counts_also_of_those_who_have_ended(tmp_path: Path) -> None:
    roster, another = WorkerRegistry(tmp_path / "workers"), WorkerRegistry(tmp_path / "workers")
    assert roster.starts() == 0
    roster.begin()
    another.begin()
    roster.leave()
    assert roster.starts() == another.starts() == 2
    assert roster.ready() == 0


def test_only_the_first_to_fail_tells_why(tmp_path: Path) -> None:
    roster, another = WorkerRegistry(tmp_path / "workers"), WorkerRegistry(tmp_path / "workers")
    assert not roster.has_failed
    assert roster.is_first_to_fail()
    assert not another.is_first_to_fail()
    assert another.has_failed
    assert roster.ready() == 0
