"""Counters of processes that have ended, in a folder as prometheus_client fills it."""

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, multiprocess

from metric_samples import metric_samples
from ocr_backend.telemetry.dead_processes import merge_process, shared_lock

COUNT = """
from ocr_backend.telemetry.metrics import Metrics
import os
metrics = Metrics()
metrics.requests.labels("/setup", "200").inc(3)
metrics.image_lines.observe(7)
metrics.slots.set(2)
print(os.getpid())
"""


def ended_process(folder: Path) -> int:
    """The id of a process that has counted three requests and one image."""
    variables = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    done = subprocess.run([sys.executable, "-c", COUNT], env=variables, capture_output=True, check=True)
    return int(done.stdout)


def samples(folder: Path) -> dict[str, float]:
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, str(folder))
    with shared_lock(folder):
        return metric_samples(generate_latest(registry).decode())


def test_the_counters_of_dead_processes_stay_and_their_files_do_not(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        merge_process(tmp_path, ended_process(tmp_path))
        totals = samples(tmp_path)
        assert totals['ocr_requests_total{path="/setup",status="200"}'] == 3 * number
        assert totals["ocr_image_lines_sum"] == 7 * number
        assert totals['ocr_image_lines_bucket{le="10.0"}'] == number
        assert "ocr_slots" not in totals
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counter_0.db", "histogram_0.db", "lock"]


def test_a_process_that_counted_nothing_is_ignored(tmp_path: Path) -> None:
    merge_process(tmp_path, 4711)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
