from pathlib import Path

from ocr_backend.web.worker_registry import WorkerRegistry


def test_processes_are_ready_from_mark_ready_until_remove(tmp_path: Path) -> None:
    registry, other_process = WorkerRegistry(tmp_path / "workers"), WorkerRegistry(tmp_path / "workers")
    assert registry.ready_count() == 0
    registry.mark_ready()
    registry.mark_ready()
    (tmp_path / "workers" / "4711").touch()
    assert other_process.ready_count() == 2
    other_process.remove(4711)
    other_process.remove(4711)
    assert registry.ready_count() == 1
    registry.remove()
    assert other_process.ready_count() == 0


def test_starts_of_ended_processes_are_counted_too(tmp_path: Path) -> None:
    registry, other_process = WorkerRegistry(tmp_path / "workers"), WorkerRegistry(tmp_path / "workers")
    assert registry.start_count() == 0
    registry.record_start()
    other_process.record_start()
    registry.remove()
    assert registry.start_count() == other_process.start_count() == 2
    assert registry.ready_count() == 0


def test_only_the_first_failed_process_reports_why(tmp_path: Path) -> None:
    registry, other_process = WorkerRegistry(tmp_path / "workers"), WorkerRegistry(tmp_path / "workers")
    assert not registry.has_failed
    assert registry.mark_failed()
    assert not other_process.mark_failed()
    assert other_process.has_failed
    assert registry.ready_count() == 0


def test_every_process_knows_of_a_stuck_one_until_it_recovers_or_ends(tmp_path: Path) -> None:
    registry, other_process = WorkerRegistry(tmp_path / "workers"), WorkerRegistry(tmp_path / "workers")
    registry.mark_stuck(False)
    assert not other_process.has_stuck
    for end in (lambda: registry.mark_stuck(False), registry.remove):
        registry.mark_stuck(True)
        registry.mark_stuck(True)
        assert other_process.has_stuck
        assert other_process.ready_count() == 0
        end()
        assert not other_process.has_stuck
