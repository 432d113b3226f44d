"""A whole project ends with one prediction for each task though servers fail, runs collide or are stopped."""

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from PIL import Image

from faulty_relay import FaultyRelay, Passing, done_but_not_told, too_many, unavailable
from label_studio import LabelStudio
from label_studio_project import Project
from loopback import ImageFiles, serving
from prelabel_process import end, start
from scripted_server import Reply, ScriptedServer

pytestmark = pytest.mark.labelstudio

IMPORT = "POST /api/projects/{}/import/predictions"
SECONDS = 120


@pytest.fixture
def between(label_studio: LabelStudio) -> Iterator[FaultyRelay]:
    """What lies between the command and Label Studio."""
    with serving(FaultyRelay(label_studio.url)) as relay:
        yield relay


@pytest.fixture
def begun(
    project: Project, between: FaultyRelay, settings: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., Popen[str]]]:
    """Starts the command for the project; ended with the test if it has not ended by itself."""
    processes = []

    def started(*arguments: object, **env: str) -> Popen[str]:
        variables = {**settings, "LABEL_STUDIO_URL": between.url, **env}
        processes.append(start(["--project", project.id, *arguments], variables, tmp_path))
        return processes[-1]

    yield started
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def blank(served: ImageFiles) -> str:
    """URL of a small image without text."""
    file = BytesIO()
    Image.new("RGB", (64, 32), "white").save(file, "PNG")
    return served.put("blank.png", file.getvalue())


@pytest.fixture
def foreign() -> Iterator[ScriptedServer]:
    """A backend whose answers a test writes down; it says that its version is `foreign`."""
    with serving(ScriptedServer()) as server:
        server.on("/setup", Reply(b'{"model_version": "foreign"}'))
        yield server


def answering(answer: Callable[[dict[str, Any]], object]) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answers /predict with what `answer` gives for each task."""

    def script(handler: BaseHTTPRequestHandler) -> None:
        server = handler.server
        assert isinstance(server, ScriptedServer)
        tasks = json.loads(server.asked[-1].body)["tasks"]
        Reply(json.dumps({"results": [answer(task) for task in tasks]}).encode())(handler)

    return script


def numbers(project: Project, tasks: list[int]) -> list[int]:
    """How many predictions each task has."""
    return [len(project.predictions(task)) for task in tasks]


def wait_until_it_fetches(process: Popen[str], served: ImageFiles) -> None:
    """Waits for the request for the image that is held."""
    deadline = time.monotonic() + SECONDS
    while not served.is_waiting:
        assert process.poll() is None, end(process)
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /api/tasks/",
        pytest.param(IMPORT, id="import"),
        "GET /api/projects/{}/",
        "GET /api/projects/{}/model-versions/",
    ],
)
@pytest.mark.parametrize("fault", [unavailable, too_many, done_but_not_told])
def test_a_request_that_fails_is_made_again_without_a_double(
    project: Project,
    begun: Callable[..., Popen[str]],
    between: FaultyRelay,
    backend: str,
    blank: str,
    request_line: str,
    fault: Callable[..., None],
) -> None:
    tasks = project.add(*[blank] * 3)
    request = request_line.format(project.id)
    between.once(request, fault)
    ended = end(begun("--backend", backend))
    assert ended.status == 0, ended.err
    assert "3 stored, 0 failed, 0 had it already" in ended.err
    assert numbers(project, tasks) == [1, 1, 1]
    times = sum(line.startswith(request) for line in between.passed)
    assert not any(line.startswith("DELETE") for line in between.passed)  # there was no double to take away
    assert times == 1 if request == IMPORT.format(project.id) else times > 1


def test_predictions_that_cannot_be_imported_together_are_stored_one_by_one(
    project: Project,
    begun: Callable[..., Popen[str]],
    between: FaultyRelay,
    foreign: ScriptedServer,
    tmp_path: Path,
) -> None:
    good, bad, last = project.add("1.png", "2.png", "3.png")
    region = {
        "id": "r",
        "from_name": "nobody",
        "to_name": "image",
        "type": "rectangle",
        "value": {"x": 1, "y": 1, "width": 1, "height": 1, "rotation": 0},
    }
    foreign.on(
        "/predict",
        answering(lambda task: {"result": [region] if task["id"] == bad else [], "score": 0.5}),
    )
    ended = end(begun("--backend", foreign.url))
    assert ended.status == 1, ended.err
    (failure,) = map(json.loads, (tmp_path / "prelabel-failures.jsonl").read_text().splitlines())
    assert (failure["task"], "nobody" in failure["reason"]) == (bad, True)
    assert numbers(project, [good, bad, last]) == [1, 0, 1]
    assert between.passed.count("POST /api/predictions/") == 3


def test_what_an_import_leaves_out_without_a_word_is_stored_nevertheless(
    project: Project, begun: Callable[..., Popen[str]], between: FaultyRelay, backend: str, blank: str
) -> None:
    def left_out(passing: Passing) -> None:  # as Label Studio does where it does not check predictions
        answer = passing.ask(json.dumps(json.loads(passing.body())[1:]).encode())
        passing.reply(answer.status_code, answer.content)

    tasks = project.add(*[blank] * 3)
    between.once(IMPORT.format(project.id), left_out)
    ended = end(begun("--backend", backend))
    assert ended.status == 0, ended.err
    assert numbers(project, tasks) == [1, 1, 1]


def test_a_task_that_is_deleted_while_it_is_read_is_no_failure(
    project: Project, begun: Callable[..., Popen[str]], backend: str, served: ImageFiles, blank: str
) -> None:
    served.put("slow.png", served.content("/blank.png") or b"")
    kept, gone = project.add(blank, served.hold("slow.png"))
    process = begun("--backend", backend)
    wait_until_it_fetches(process, served)
    project.delete(gone)
    served.release()
    ended = end(process)
    assert ended.status == 0, ended.err
    assert numbers(project, [kept]) == [1]


def test_two_runs_at_once_leave_one_prediction_each(
    project: Project, begun: Callable[..., Popen[str]], backend: str, blank: str
) -> None:
    tasks = project.add(*[blank] * 40)
    runs = [begun("--backend", backend, "--slice", 5) for _ in range(2)]
    assert [end(run).status for run in runs] == [0, 0]
    assert numbers(project, tasks) == [1] * 40


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_what_is_read_stored_and_the_next_run_goes_on(
    project: Project,
    begun: Callable[..., Popen[str]],
    served: ImageFiles,
    blank: str,
    number: signal.Signals,
) -> None:
    served.put("slow.png", served.content("/blank.png") or b"")
    tasks = project.add(blank, served.hold("slow.png"), *[blank] * 60)
    process = begun("--slice", 20, "--parallel", 1, THREADS="1")
    wait_until_it_fetches(process, served)
    process.send_signal(number)
    served.release()
    ended = end(process)
    assert ended.status == 128 + number, ended.err
    told = re.search(r"stopped: (\d+) stored, 0 failed, 0 had it already; start again to go on", ended.err)
    assert told is not None, ended.err
    assert 1 <= int(told[1]) == sum(numbers(project, tasks)) < len(tasks)
    assert end(begun()).status == 0
    assert numbers(project, tasks) == [1] * len(tasks)


def test_a_stopped_run_that_replaces_says_after_which_task_to_go_on(
    project: Project, begun: Callable[..., Popen[str]], served: ImageFiles, blank: str, backend: str
) -> None:
    served.put("slow.png", served.content("/blank.png") or b"")
    tasks = project.add(*[blank] * 2, served.hold("slow.png"), *[blank] * 9)
    arguments = ("--backend", backend, "--overwrite-version", "--slice", 2, "--parallel", 1)
    process = begun(*arguments)
    wait_until_it_fetches(process, served)
    process.send_signal(signal.SIGTERM)
    served.release()
    ended = end(process)
    told = re.search(r"start again with --after (\d+) to go on", ended.err)
    assert told is not None, ended.err
    done = [task for task in tasks if project.predictions(task)]
    assert done == tasks[: len(done)]
    assert int(told[1]) == done[-1]
    assert end(begun(*arguments, "--after", told[1])).status == 0
    assert numbers(project, tasks) == [1] * len(tasks)


def test_what_a_backend_did_not_reach_is_asked_again_and_listed_when_it_never_does(
    project: Project,
    begun: Callable[..., Popen[str]],
    hasty_backend: str,
    served: ImageFiles,
    blank: str,
    tmp_path: Path,
) -> None:
    served.put("slow.png", served.content("/blank.png") or b"")
    slow, quick = project.add(served.hold("slow.png"), blank)
    ended = end(begun("--backend", hasty_backend))
    assert ended.status == 1, ended.err
    assert numbers(project, [slow, quick]) == [0, 1]
    (failure,) = map(json.loads, (tmp_path / "prelabel-failures.jsonl").read_text().splitlines())
    assert (failure["task"], failure["outcome"]) == (slow, "late")


def test_a_backend_that_changes_its_models_meanwhile_is_not_mixed(
    project: Project, begun: Callable[..., Popen[str]], foreign: ScriptedServer
) -> None:
    first, second = project.add("1.png", "2.png")
    foreign.on(
        "/predict",
        answering(
            lambda task: {"result": [], "model_version": "foreign" if task["id"] == first else "newer"}
        ),
    )
    ended = end(begun("--backend", foreign.url, "--slice", 1))
    assert (ended.status, "reads with newer" in ended.err) == (2, True), ended.err
    assert numbers(project, [first, second]) == [1, 0]
