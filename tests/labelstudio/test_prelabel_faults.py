"""prelabel stores one prediction per task even if servers fail or refuse a request."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from faulty_relay import FaultyRelay, RelayedRequest, lost_response, too_many, unavailable
from label_studio_project import Project
from loopback import ImageFiles, serving
from prelabel_process import end
from prelabel_results import prediction_counts
from scripted_server import Reply, ScriptedServer

pytestmark = pytest.mark.labelstudio

IMPORT = "POST /api/projects/{}/import/predictions"


@pytest.fixture
def scripted_backend() -> Iterator[ScriptedServer]:
    """A backend with scripted responses and the model version `scripted_backend`."""
    with serving(ScriptedServer()) as server:
        server.on("/setup", Reply(b'{"model_version": "foreign"}'))
        yield server


def responding(answer: Callable[[dict[str, Any]], object]) -> Callable[[BaseHTTPRequestHandler], None]:
    """Responds to /predict with `answer(task)` for each task."""

    def script(handler: BaseHTTPRequestHandler) -> None:
        server = handler.server
        assert isinstance(server, ScriptedServer)
        tasks = json.loads(server.requests[-1].body)["tasks"]
        Reply(json.dumps({"results": [answer(task) for task in tasks]}).encode())(handler)

    return script


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /api/tasks/",
        pytest.param(IMPORT, id="import"),
        "GET /api/projects/{}/",
        "GET /api/projects/{}/model-versions/",
    ],
)
@pytest.mark.parametrize("fault", [unavailable, too_many, lost_response])
def test_a_failed_request_is_retried_without_duplicates(
    project: Project,
    start_prelabel: Callable[..., Popen[str]],
    label_studio_relay: FaultyRelay,
    backend: str,
    blank_image: str,
    request_line: str,
    fault: Callable[..., None],
) -> None:
    tasks = project.add(*[blank_image] * 3)
    request = request_line.format(project.id)
    label_studio_relay.once(request, fault)
    completed = end(start_prelabel("--backend", backend))
    assert completed.status == 0, completed.err
    assert "3 stored, 0 failed, 0 skipped" in completed.err
    assert prediction_counts(project, tasks) == [1, 1, 1]
    attempts = sum(line.startswith(request) for line in label_studio_relay.requests)
    assert not any(
        line.startswith("DELETE") for line in label_studio_relay.requests
    )  # no duplicate was stored
    assert attempts == 1 if request == IMPORT.format(project.id) else attempts > 1


def test_predictions_that_cannot_be_imported_together_are_stored_one_by_one(
    project: Project,
    start_prelabel: Callable[..., Popen[str]],
    label_studio_relay: FaultyRelay,
    scripted_backend: ScriptedServer,
    tmp_path: Path,
) -> None:
    good, bad, last = project.add("1.png", "2.png", "3.png")
    region = {
        "id": "r",
        "from_name": "no_such_tag",
        "to_name": "image",
        "type": "rectangle",
        "value": {"x": 1, "y": 1, "width": 1, "height": 1, "rotation": 0},
    }
    scripted_backend.on(
        "/predict",
        responding(lambda task: {"result": [region] if task["id"] == bad else [], "score": 0.5}),
    )
    completed = end(start_prelabel("--backend", scripted_backend.url))
    assert completed.status == 1, completed.err
    (failure,) = map(json.loads, (tmp_path / "prelabel-failures.jsonl").read_text().splitlines())
    assert (failure["task"], "no_such_tag" in failure["reason"]) == (bad, True)
    assert prediction_counts(project, [good, bad, last]) == [1, 0, 1]
    assert label_studio_relay.requests.count("POST /api/predictions/") == 3


def test_predictions_that_an_import_silently_skips_are_stored(
    project: Project,
    start_prelabel: Callable[..., Popen[str]],
    label_studio_relay: FaultyRelay,
    backend: str,
    blank_image: str,
) -> None:
    # As a Label Studio that does not check predictions.
    def skip_first(request: RelayedRequest) -> None:
        answer = request.ask(json.dumps(json.loads(request.body())[1:]).encode())
        request.reply(answer.status_code, answer.content)

    tasks = project.add(*[blank_image] * 3)
    label_studio_relay.once(IMPORT.format(project.id), skip_first)
    completed = end(start_prelabel("--backend", backend))
    assert completed.status == 0, completed.err
    assert prediction_counts(project, tasks) == [1, 1, 1]


def test_late_tasks_are_requested_again_and_listed_if_they_stay_late(
    project: Project,
    start_prelabel: Callable[..., Popen[str]],
    hasty_backend: str,
    image_server: ImageFiles,
    blank_image: str,
    tmp_path: Path,
) -> None:
    image_server.put("slow.png", image_server.content("/blank.png") or b"")
    slow, quick = project.add(image_server.hold("slow.png"), blank_image)
    completed = end(start_prelabel("--backend", hasty_backend))
    assert completed.status == 1, completed.err
    assert prediction_counts(project, [slow, quick]) == [0, 1]
    (failure,) = map(json.loads, (tmp_path / "prelabel-failures.jsonl").read_text().splitlines())
    assert (failure["task"], failure["outcome"]) == (slow, "late")


def test_a_changed_model_version_ends_the_run(
    project: Project, start_prelabel: Callable[..., Popen[str]], scripted_backend: ScriptedServer
) -> None:
    first, second = project.add("1.png", "2.png")
    scripted_backend.on(
        "/predict",
        responding(
            lambda task: {"result": [], "model_version": "foreign" if task["id"] == first else "newer"}
        ),
    )
    completed = end(start_prelabel("--backend", scripted_backend.url, "--slice", 1))
    assert (completed.status, "changed from foreign to newer" in completed.err) == (2, True), completed.err
    assert prediction_counts(project, [first, second]) == [1, 0]
