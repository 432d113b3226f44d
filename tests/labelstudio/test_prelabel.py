"""`ocr-backend prelabel` reads a project of a real Label Studio; each task gets one prediction."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from label_studio import LabelStudio
from label_studio_project import Project
from loopback import ImageFiles, serving
from prelabel_process import Prelabel
from prelabel_results import texts
from scripted_server import ScriptedServer

pytestmark = pytest.mark.labelstudio

Handler = Callable[[BaseHTTPRequestHandler], None]


def failures(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "prelabel-failures.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("token", ["legacy_token", "personal_token"])
def test_every_task_gets_what_retrieve_would_have_stored(
    project: Project,
    backend: str,
    label_studio: LabelStudio,
    prelabel: Prelabel,
    image_path: Callable[[str], Path],
    token: str,
) -> None:
    first, second = project.upload(image_path("issue_170.png"), image_path("en_rec.jpg"))
    completed = prelabel(LABEL_STUDIO_API_KEY=getattr(label_studio, token))
    assert completed.status == 0, completed.err
    by_command = [project.predictions(task) for task in (first, second)]
    assert texts(project, first) == [["TEST"]]
    project.connect(backend)
    project.retrieve_predictions()  # no prediction is missing, so the versions are equal
    assert [project.predictions(task) for task in (first, second)] == by_command
    for task, (stored,) in zip((first, second), by_command, strict=True):
        project.api.call("DELETE", f"predictions/{stored['id']}/")
        project.retrieve_predictions()
        (by_label_studio,) = project.predictions(task)
        assert {key: stored[key] for key in ("result", "score", "model_version")} == {
            key: by_label_studio[key] for key in ("result", "score", "model_version")
        }


def test_a_second_run_stores_nothing(
    project: Project, backend: str, prelabel: Prelabel, word_image: Callable[[str], str]
) -> None:
    tasks = project.add(*map(word_image, ("one", "two", "three")))
    assert "3 stored, 0 failed, 0 skipped" in prelabel("--backend", backend).err
    stored = [project.predictions(task) for task in tasks]
    again = prelabel("--backend", backend)
    assert (again.status, "0 stored, 0 failed" in again.err) == (0, True)
    assert [project.predictions(task) for task in tasks] == stored


def test_the_url_may_be_given_on_the_command_line(
    project: Project,
    backend: str,
    label_studio: LabelStudio,
    prelabel: Prelabel,
    word_image: Callable[[str], str],
) -> None:
    (task,) = project.add(word_image("word"))
    completed = prelabel("--backend", backend, "--label-studio-url", label_studio.url, LABEL_STUDIO_URL="")
    assert completed.status == 0, completed.err
    assert texts(project, task) == [["word"]]


def test_prelabel_sends_the_password_of_the_backend(
    project: Project, guarded_backend: str, prelabel: Prelabel, word_image: Callable[[str], str]
) -> None:
    (task,) = project.add(word_image("word"))
    refused = prelabel("--backend", guarded_backend, BASIC_AUTH_USER="ocr", BASIC_AUTH_PASS="wrong")
    assert (refused.status, "BASIC_AUTH_PASS" in refused.err) == (2, True)
    assert texts(project, task) == []
    completed = prelabel("--backend", guarded_backend, BASIC_AUTH_USER="ocr", BASIC_AUTH_PASS="right")
    assert completed.status == 0, completed.err
    assert texts(project, task) == [["word"]]


@pytest.mark.parametrize("reader", ["command", "backend"])
def test_image_hosts_get_the_credentials_of_the_project(
    project: Project,
    backend: str,
    prelabel: Prelabel,
    image_path: Callable[[str], Path],
    password_protected: Callable[[bytes], Handler],
    reader: str,
) -> None:
    answer = password_protected(image_path("issue_170.png").read_bytes())
    with serving(ScriptedServer()) as web:
        (task,) = project.add(web.on("/a.png", answer))
        project.set_credentials("me", "p@ss")
        completed = prelabel() if reader == "command" else prelabel("--backend", backend)
    assert completed.status == 0, completed.err
    assert texts(project, task) == [["TEST"]]


def test_a_failed_task_is_listed_with_its_reason_and_retried_by_the_next_run(
    project: Project,
    backend: str,
    prelabel: Prelabel,
    image_server: ImageFiles,
    word_image: Callable[[str], str],
    tmp_path: Path,
) -> None:
    good, broken, missing = project.add(
        word_image("good"), image_server.put("broken.png", b"no image"), f"{image_server.url}/missing.png"
    )
    completed = prelabel("--backend", backend)
    assert (completed.status, "prelabel-failures.jsonl" in completed.err) == (1, True)
    assert texts(project, good) == [["good"]]
    reported = {failure["task"]: failure for failure in failures(tmp_path)}
    assert {task: failure["outcome"] for task, failure in reported.items()} == {
        broken: "broken",
        missing: "unreachable",
    }
    assert "404" in reported[missing]["reason"]
    image_server.put("broken.png", image_server.content("/good.png") or b"")
    image_server.put("missing.png", image_server.content("/good.png") or b"")
    assert prelabel("--backend", backend).status == 0
    assert [texts(project, task) for task in (good, broken, missing)] == [[["good"]]] * 3
    assert failures(tmp_path) == []


def test_failures_may_be_listed_on_standard_output(
    project: Project, backend: str, prelabel: Prelabel, image_server: ImageFiles
) -> None:
    (missing,) = project.add(f"{image_server.url}/missing.png")
    completed = prelabel("--backend", backend, "--failures", "-")
    assert [json.loads(line)["task"] for line in completed.out.splitlines()] == [missing]
