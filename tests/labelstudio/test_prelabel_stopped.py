"""prelabel stores one prediction per task even if runs overlap, a run is stopped or a task is deleted."""

import re
import signal
import time
from collections.abc import Callable
from subprocess import Popen

import pytest

from label_studio_project import Project
from loopback import ImageFiles
from prelabel_process import end
from prelabel_results import prediction_counts

pytestmark = pytest.mark.labelstudio

TIMEOUT_SECONDS = 120


def wait_for_fetch(process: Popen[str], image_server: ImageFiles) -> None:
    """Waits until the command requests the image that the image server holds."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not image_server.is_waiting:
        assert process.poll() is None, end(process)
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_task_that_is_deleted_during_the_run_is_not_a_failure(
    project: Project,
    start_prelabel: Callable[..., Popen[str]],
    backend: str,
    image_server: ImageFiles,
    blank_image: str,
) -> None:
    image_server.put("slow.png", image_server.content("/blank.png") or b"")
    remaining, deleted = project.add(blank_image, image_server.hold("slow.png"))
    process = start_prelabel("--backend", backend)
    wait_for_fetch(process, image_server)
    project.delete(deleted)
    image_server.release()
    completed = end(process)
    assert completed.status == 0, completed.err
    assert prediction_counts(project, [remaining]) == [1]


def test_two_runs_at_once_store_one_prediction_per_task(
    project: Project, start_prelabel: Callable[..., Popen[str]], backend: str, blank_image: str
) -> None:
    tasks = project.add(*[blank_image] * 40)
    runs = [start_prelabel("--backend", backend, "--slice", 5) for _ in range(2)]
    assert [end(run).status for run in runs] == [0, 0]
    assert prediction_counts(project, tasks) == [1] * 40


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_after_a_signal_the_results_are_stored_and_the_next_run_continues(
    project: Project,
    start_prelabel: Callable[..., Popen[str]],
    image_server: ImageFiles,
    blank_image: str,
    signal_number: signal.Signals,
) -> None:
    image_server.put("slow.png", image_server.content("/blank.png") or b"")
    tasks = project.add(blank_image, image_server.hold("slow.png"), *[blank_image] * 60)
    process = start_prelabel("--slice", 20, "--parallel", 1, THREADS="1")
    wait_for_fetch(process, image_server)
    process.send_signal(signal_number)
    image_server.release()
    completed = end(process)
    assert completed.status == 128 + signal_number, completed.err
    match = re.search(r"stopped: (\d+) stored, 0 failed, 0 skipped; start again to continue", completed.err)
    assert match is not None, completed.err
    assert 1 <= int(match[1]) == sum(prediction_counts(project, tasks)) < len(tasks)
    assert end(start_prelabel()).status == 0
    assert prediction_counts(project, tasks) == [1] * len(tasks)


def test_a_stopped_overwriting_run_reports_after_which_task_to_continue(
    project: Project,
    start_prelabel: Callable[..., Popen[str]],
    image_server: ImageFiles,
    blank_image: str,
    backend: str,
) -> None:
    image_server.put("slow.png", image_server.content("/blank.png") or b"")
    tasks = project.add(*[blank_image] * 2, image_server.hold("slow.png"), *[blank_image] * 9)
    arguments = ("--backend", backend, "--overwrite-version", "--slice", 2, "--parallel", 1)
    process = start_prelabel(*arguments)
    wait_for_fetch(process, image_server)
    process.send_signal(signal.SIGTERM)
    image_server.release()
    completed = end(process)
    match = re.search(r"start again with --after (\d+) to continue", completed.err)
    assert match is not None, completed.err
    done = [task for task in tasks if project.predictions(task)]
    assert done == tasks[: len(done)]
    assert int(match[1]) == done[-1]
    assert end(start_prelabel(*arguments, "--after", match[1])).status == 0
    assert prediction_counts(project, tasks) == [1] * len(tasks)
