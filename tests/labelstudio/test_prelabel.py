"""A whole project of the real Label Studio is read with one command, and each task gets one prediction."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from backend_process import running_backend
from label_studio import LabelStudio
from label_studio_project import Project
from label_studio_regions import regions_of
from loopback import ImageFiles, serving
from prelabel_process import ProcessResult, end, start
from scripted_server import Reply, ScriptedServer

pytestmark = pytest.mark.labelstudio

Prelabel = Callable[..., ProcessResult]

NO_COLUMN = {"filter": "filter:tasks:no", "type": "Number"}
TOTAL_ANNOTATIONS = {"filter": "filter:tasks:total_annotations", "type": "Number"}


@pytest.fixture
def prelabel(project: Project, settings: dict[str, str], tmp_path: Path) -> Prelabel:
    """Runs the command for the project to its end; variables of the environment may be added."""

    def ended(*arguments: object, **env: str) -> ProcessResult:
        return end(start(["--project", project.id, *arguments], {**settings, **env}, tmp_path))

    return ended


@pytest.fixture
def words(served: ImageFiles) -> Callable[[str], str]:
    """URL of a small image with a word on it."""

    def url(word: str) -> str:
        image, file = Image.new("RGB", (160, 44), "white"), BytesIO()
        ImageDraw.Draw(image).text((8, 4), word, fill="black", font=ImageFont.load_default(size=30))
        image.save(file, "PNG")
        return served.put(f"{word}.png", file.getvalue())

    return url


def texts(project: Project, task: int) -> list[list[str]]:
    """The texts of each prediction that is stored for a task."""
    return [[region.text for region in regions_of(one["result"])] for one in project.predictions(task)]


def store(project: Project, task: int, version: str) -> int:
    """Id of a prediction without regions, as another model may have stored it."""
    body = {"task": task, "result": [], "model_version": version, "score": 0.5}
    stored: int = project.api.call("POST", "predictions/", json=body)["id"]
    return stored


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
    ended = prelabel(LABEL_STUDIO_API_KEY=getattr(label_studio, token))
    assert ended.status == 0, ended.err
    by_command = [project.predictions(task) for task in (first, second)]
    assert texts(project, first) == [["TEST"]]
    project.connect(backend)
    project.retrieve_predictions()  # finds that nothing is lacking, so the versions are equal
    assert [project.predictions(task) for task in (first, second)] == by_command
    for task, (stored,) in zip((first, second), by_command, strict=True):
        project.api.call("DELETE", f"predictions/{stored['id']}/")
        project.retrieve_predictions()
        (by_label_studio,) = project.predictions(task)
        assert {key: stored[key] for key in ("result", "score", "model_version")} == {
            key: by_label_studio[key] for key in ("result", "score", "model_version")
        }


def test_a_second_run_stores_nothing(
    project: Project, backend: str, prelabel: Prelabel, words: Callable[[str], str]
) -> None:
    tasks = project.add(*map(words, ("one", "two", "three")))
    assert "3 stored, 0 failed, 0 had it already" in prelabel("--backend", backend).err
    stored = [project.predictions(task) for task in tasks]
    again = prelabel("--backend", backend)
    assert (again.status, "0 stored, 0 failed" in again.err) == (0, True)
    assert [project.predictions(task) for task in tasks] == stored


def test_the_address_may_be_given_on_the_command_line(
    project: Project, backend: str, label_studio: LabelStudio, prelabel: Prelabel, words: Callable[[str], str]
) -> None:
    (task,) = project.add(words("word"))
    ended = prelabel("--backend", backend, "--label-studio-url", label_studio.url, LABEL_STUDIO_URL="")
    assert ended.status == 0, ended.err
    assert texts(project, task) == [["word"]]


def test_a_backend_is_asked_with_its_password(
    project: Project, guarded_backend: str, prelabel: Prelabel, words: Callable[[str], str]
) -> None:
    (task,) = project.add(words("word"))
    refused = prelabel("--backend", guarded_backend, BASIC_AUTH_USER="ocr", BASIC_AUTH_PASS="wrong")
    assert (refused.status, "BASIC_AUTH_PASS" in refused.err) == (2, True)
    assert texts(project, task) == []
    ended = prelabel("--backend", guarded_backend, BASIC_AUTH_USER="ocr", BASIC_AUTH_PASS="right")
    assert ended.status == 0, ended.err
    assert texts(project, task) == [["word"]]


@pytest.mark.parametrize("by", ["itself", "a backend"])
def test_hosts_that_ask_for_a_password_get_the_projects(
    project: Project, backend: str, prelabel: Prelabel, image_path: Callable[[str], Path], by: str
) -> None:
    content = image_path("issue_170.png").read_bytes()

    def guarded(handler: BaseHTTPRequestHandler) -> None:
        is_right = handler.headers.get("Authorization") == "Basic bWU6cEBzcw=="
        (Reply(content) if is_right else Reply(b"no", 401))(handler)

    with serving(ScriptedServer()) as web:
        (task,) = project.add(web.on("/a.png", guarded))
        project.say_credentials("me", "p@ss")
        ended = prelabel() if by == "itself" else prelabel("--backend", backend)
    assert ended.status == 0, ended.err
    assert texts(project, task) == [["TEST"]]


def test_a_task_that_fails_is_listed_with_its_reason_and_tried_again_by_the_next_run(
    project: Project,
    backend: str,
    prelabel: Prelabel,
    served: ImageFiles,
    words: Callable[[str], str],
    tmp_path: Path,
) -> None:
    good, broken, missing = project.add(
        words("good"), served.put("broken.png", b"no image"), f"{served.url}/missing.png"
    )
    ended = prelabel("--backend", backend)
    assert (ended.status, "prelabel-failures.jsonl" in ended.err) == (1, True)
    assert texts(project, good) == [["good"]]
    told = {failure["task"]: failure for failure in failures(tmp_path)}
    assert {task: failure["outcome"] for task, failure in told.items()} == {
        broken: "broken",
        missing: "unreachable",
    }
    assert "404" in told[missing]["reason"]
    served.put("broken.png", served.content("/good.png") or b"")
    served.put("missing.png", served.content("/good.png") or b"")
    assert prelabel("--backend", backend).status == 0
    assert [texts(project, task) for task in (good, broken, missing)] == [[["good"]]] * 3
    assert failures(tmp_path) == []


def test_the_list_of_failures_may_go_to_standard_output(
    project: Project, backend: str, prelabel: Prelabel, served: ImageFiles
) -> None:
    (missing,) = project.add(f"{served.url}/missing.png")
    ended = prelabel("--backend", backend, "--failures", "-")
    assert [json.loads(line)["task"] for line in ended.out.splitlines()] == [missing]


def test_tasks_with_another_version_are_read_unless_only_missing_ones_are_wanted(
    project: Project, backend: str, prelabel: Prelabel, words: Callable[[str], str]
) -> None:
    other, bare = project.add(words("other"), words("bare"))
    store(project, other, "by-another-model")
    assert prelabel("--backend", backend, "--only-missing").status == 0
    assert [texts(project, task) for task in (other, bare)] == [[[]], [["bare"]]]
    assert prelabel("--backend", backend).status == 0
    assert [len(texts(project, task)) for task in (other, bare)] == [2, 1]


def test_a_version_that_is_part_of_anothers_name_is_not_taken_for_it(
    project: Project, backend: str, prelabel: Prelabel, words: Callable[[str], str]
) -> None:
    first, second = project.add(words("first"), words("second"))
    assert prelabel("--backend", backend).status == 0
    (stored,) = project.predictions(first)
    project.api.call("DELETE", f"predictions/{stored['id']}/")
    store(project, first, f"not-{stored['model_version']}")
    ended = prelabel("--backend", backend)
    assert "1 stored, 0 failed, 1 had it already" in ended.err
    assert [len(project.predictions(task)) for task in (first, second)] == [2, 1]


@pytest.fixture
def forgetful_backend(settings: dict[str, str]) -> Iterator[str]:
    """One that fetches an image each time, as it may have changed."""
    with running_backend({**settings, "OCR_IMAGE_CACHE_BYTES": "0"}) as url:
        yield url


def test_predictions_of_this_version_are_replaced_where_this_is_wanted(
    project: Project,
    forgetful_backend: str,
    prelabel: Prelabel,
    words: Callable[[str], str],
    served: ImageFiles,
) -> None:
    first, second, third = project.add(*map(words, ("first", "second", "third")))
    assert prelabel("--backend", forgetful_backend).status == 0
    before = {task: project.predictions(task)[0]["id"] for task in (first, second, third)}
    version = project.predictions(first)[0]["model_version"]
    words("changed")
    served.put("first.png", served.content("/changed.png") or b"")
    store(project, second, version)
    other = store(project, second, "by-another-model")
    project.api.call("DELETE", f"predictions/{before[third]}/")
    assert prelabel("--backend", forgetful_backend, "--overwrite-version").status == 0
    assert texts(project, first) == [["changed"]]
    assert [one["id"] for one in project.predictions(first)] == [before[first]]
    assert {one["id"] for one in project.predictions(second)} == {before[second], other}
    assert texts(project, third) == [["third"]]


def test_a_task_that_is_stored_twice_keeps_the_older_prediction(
    project: Project, backend: str, prelabel: Prelabel, words: Callable[[str], str]
) -> None:
    first, second = project.add(words("first"), words("second"))
    assert prelabel("--backend", backend).status == 0
    (kept,) = project.predictions(first)
    store(project, first, kept["model_version"])
    store(project, second, "by-another-model")
    assert prelabel("--backend", backend).status == 0
    assert project.predictions(first) == [kept]
    assert len(project.predictions(second)) == 2


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param(
            {"conjunction": "and", "items": [{**TOTAL_ANNOTATIONS, "operator": "equal", "value": 1}]},
            "annotated",
            id="and",
        ),
        pytest.param(
            {
                "conjunction": "or",
                "items": [
                    {**TOTAL_ANNOTATIONS, "operator": "equal", "value": 1},
                    {
                        "filter": "filter:tasks:data.image",
                        "operator": "contains",
                        "type": "String",
                        "value": "wanted",
                    },
                ],
            },
            "annotated wanted",
            id="or",
        ),
        pytest.param({"conjunction": "or", "items": []}, "annotated plain wanted", id="empty"),
    ],
)
@pytest.mark.parametrize("as_view", [False, True], ids=["as JSON", "as a view"])
def test_only_the_tasks_of_the_filter_are_read(
    project: Project,
    backend: str,
    prelabel: Prelabel,
    words: Callable[[str], str],
    given: dict[str, Any],
    found: str,
    as_view: bool,
) -> None:
    names = ("annotated", "plain", "wanted")
    tasks = dict(zip(names, project.add(*map(words, names)), strict=True))
    project.submit(tasks["annotated"], {"result": [], "id": None})
    text = json.dumps(given)
    if as_view:
        ticked = {"all": False, "included": [tasks["plain"]]}  # does not count
        view = {"project": project.id, "data": {"filters": given, "selectedItems": ticked}}
        text = str(project.api.call("POST", "dm/views/", json=view)["id"])
    ended = prelabel("--backend", backend, "--filter", text)
    assert ended.status == 0, ended.err
    read = [name for name, task in tasks.items() if texts(project, task)]
    assert " ".join(read) == found


def test_shards_share_the_tasks_among_them(
    project: Project, backend: str, prelabel: Prelabel, words: Callable[[str], str]
) -> None:
    tasks = project.add(*[words("word")] * 7)
    for index in range(3):
        before = {task for task in tasks if texts(project, task)}
        assert prelabel("--backend", backend, "--shards", 3, JOB_COMPLETION_INDEX=str(index)).status == 0
        done = {task for task in tasks if texts(project, task)} - before
        assert done == {task for task in tasks if task % 3 == index}


def test_large_projects_are_walked_through_in_slices(
    project: Project, backend: str, prelabel: Prelabel, words: Callable[[str], str]
) -> None:
    word = words("word")
    tasks = project.add(*[word] * 230)  # more than one page of ids
    ended = prelabel("--backend", backend, "--slice", 40)
    assert "230 stored, 0 failed, 0 had it already" in ended.err
    assert "230 of 230 tasks" in ended.err
    exported = project.api.call("GET", "tasks/", params={"project": project.id, "page_size": 500})["tasks"]
    assert {task["id"]: task["total_predictions"] for task in exported} == dict.fromkeys(tasks, 1)


def test_a_slice_may_be_larger_than_an_address_can_name(
    project: Project, backend: str, prelabel: Prelabel, words: Callable[[str], str]
) -> None:
    word = words("word")
    project.add(*[word] * 230)
    ended = prelabel("--backend", backend, "--slice", 1000)
    assert "230 stored, 0 failed, 0 had it already" in ended.err, ended.err


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        pytest.param(["--project", "999999"], {}, "there is no project 999999", id="project"),
        pytest.param([], {"LABEL_STUDIO_API_KEY": "f" * 40}, "refuses the token", id="legacy token"),
        pytest.param([], {"LABEL_STUDIO_API_KEY": "e30.e30.x"}, "refuses the token", id="personal token"),
        pytest.param([], {"LABEL_STUDIO_API_KEY": ""}, "LABEL_STUDIO_API_KEY are needed", id="no token"),
        pytest.param([], {"LABEL_STUDIO_URL": "nowhere"}, "LABEL_STUDIO_URL", id="no URL"),
        pytest.param(["--filter", "999999"], {}, "there is no view 999999", id="view"),
        pytest.param(["--filter", "{}"], {}, "is not of the form", id="filter"),
        pytest.param(
            ["--filter", json.dumps({"items": [{**NO_COLUMN, "operator": "equal", "value": 1}]})],
            {},
            "cannot use the filter",
            id="column",
        ),
        pytest.param(["--failures", "no/such/folder"], {}, "with --failures", id="failures"),
        pytest.param([], {"JOB_COMPLETION_INDEX": "1"}, "set --shards", id="shards"),
        pytest.param([], {"PADDLEOCR_LANG": "koreen"}, "the settings are wrong", id="settings"),
    ],
)
def test_what_is_wrong_is_said_with_status_2(
    prelabel: Prelabel, arguments: list[str], env: dict[str, str], said: str
) -> None:
    ended = prelabel(*arguments, **env)
    assert (ended.status, said in ended.err) == (2, True), ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("where", ["here", "in a backend"])
def test_a_config_without_a_place_for_text_is_refused(
    project: Project, backend: str, prelabel: Prelabel, words: Callable[[str], str], where: str
) -> None:
    project.reconfigure(
        '<View><Image name="image" value="$image"/><Rectangle name="box" toName="image"/></View>'
    )
    project.add(words("word"))
    ended = prelabel(*(["--backend", backend] if where == "in a backend" else []))
    assert (ended.status, "no TextArea" in ended.err) == (2, True), ended.err


def test_a_label_studio_that_cannot_be_reached_is_said_with_status_1(
    prelabel: Prelabel, served: ImageFiles
) -> None:
    served.server_close()
    ended = prelabel(LABEL_STUDIO_URL=served.url)
    assert (ended.status, f"cannot be reached at {served.url}" in ended.err) == (1, True), ended.err
    assert "Traceback" not in ended.err


def test_something_else_than_label_studio_is_named(prelabel: Prelabel, backend: str) -> None:
    ended = prelabel(LABEL_STUDIO_URL=f"{backend}/health?")
    assert (ended.status, "is not Label Studio" in ended.err) == (2, True), ended.err
