"""Which tasks of a Label Studio project prelabel reads: model versions, filters, shards and slices."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backend_process import running_backend
from label_studio_project import Project
from loopback import ImageFiles
from prelabel_process import Prelabel
from prelabel_results import store, texts

pytestmark = pytest.mark.labelstudio

TOTAL_ANNOTATIONS = {"filter": "filter:tasks:total_annotations", "type": "Number"}


def test_tasks_with_another_version_are_read_unless_only_missing_is_set(
    project: Project, backend: str, prelabel: Prelabel, word_image: Callable[[str], str]
) -> None:
    other, bare = project.add(word_image("other"), word_image("bare"))
    store(project, other, "by-another-model")
    assert prelabel("--backend", backend, "--only-missing").status == 0
    assert [texts(project, task) for task in (other, bare)] == [[[]], [["bare"]]]
    assert prelabel("--backend", backend).status == 0
    assert [len(texts(project, task)) for task in (other, bare)] == [2, 1]


def test_a_version_that_contains_another_is_a_different_version(
    project: Project, backend: str, prelabel: Prelabel, word_image: Callable[[str], str]
) -> None:
    first, second = project.add(word_image("first"), word_image("second"))
    assert prelabel("--backend", backend).status == 0
    (stored,) = project.predictions(first)
    project.api.call("DELETE", f"predictions/{stored['id']}/")
    store(project, first, f"not-{stored['model_version']}")
    completed = prelabel("--backend", backend)
    assert "1 stored, 0 failed, 1 skipped" in completed.err
    assert [len(project.predictions(task)) for task in (first, second)] == [2, 1]


@pytest.fixture
def uncached_backend(settings: dict[str, str]) -> Iterator[str]:
    """A backend without an image cache: it fetches an image each time."""
    with running_backend({**settings, "OCR_IMAGE_CACHE_BYTES": "0"}) as url:
        yield url


def test_overwrite_version_replaces_predictions_of_this_version(
    project: Project,
    uncached_backend: str,
    prelabel: Prelabel,
    word_image: Callable[[str], str],
    image_server: ImageFiles,
) -> None:
    first, second, third = project.add(*map(word_image, ("first", "second", "third")))
    assert prelabel("--backend", uncached_backend).status == 0
    before = {task: project.predictions(task)[0]["id"] for task in (first, second, third)}
    version = project.predictions(first)[0]["model_version"]
    word_image("changed")
    image_server.put("first.png", image_server.content("/changed.png") or b"")
    store(project, second, version)
    other = store(project, second, "by-another-model")
    project.api.call("DELETE", f"predictions/{before[third]}/")
    assert prelabel("--backend", uncached_backend, "--overwrite-version").status == 0
    assert texts(project, first) == [["changed"]]
    assert [prediction["id"] for prediction in project.predictions(first)] == [before[first]]
    assert {prediction["id"] for prediction in project.predictions(second)} == {before[second], other}
    assert texts(project, third) == [["third"]]


def test_a_task_that_is_stored_twice_keeps_the_older_prediction(
    project: Project, backend: str, prelabel: Prelabel, word_image: Callable[[str], str]
) -> None:
    first, second = project.add(word_image("first"), word_image("second"))
    assert prelabel("--backend", backend).status == 0
    (older,) = project.predictions(first)
    store(project, first, older["model_version"])
    store(project, second, "by-another-model")
    assert prelabel("--backend", backend).status == 0
    assert project.predictions(first) == [older]
    assert len(project.predictions(second)) == 2


@pytest.mark.parametrize(
    ("filters", "expected"),
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
                        "value": "chosen",
                    },
                ],
            },
            "annotated chosen",
            id="or",
        ),
        pytest.param({"conjunction": "or", "items": []}, "annotated plain chosen", id="empty"),
    ],
)
@pytest.mark.parametrize("as_view", [False, True], ids=["as JSON", "as a view"])
def test_only_the_tasks_of_the_filter_are_read(
    project: Project,
    backend: str,
    prelabel: Prelabel,
    word_image: Callable[[str], str],
    filters: dict[str, Any],
    expected: str,
    as_view: bool,
) -> None:
    names = ("annotated", "plain", "chosen")
    tasks = dict(zip(names, project.add(*map(word_image, names)), strict=True))
    project.submit(tasks["annotated"], {"result": [], "id": None})
    text = json.dumps(filters)
    if as_view:
        selected = {"all": False, "included": [tasks["plain"]]}  # prelabel ignores it
        view = {"project": project.id, "data": {"filters": filters, "selectedItems": selected}}
        text = str(project.api.call("POST", "dm/views/", json=view)["id"])
    completed = prelabel("--backend", backend, "--filter", text)
    assert completed.status == 0, completed.err
    read = [name for name, task in tasks.items() if texts(project, task)]
    assert " ".join(read) == expected


def test_shards_share_the_tasks_among_them(
    project: Project, backend: str, prelabel: Prelabel, word_image: Callable[[str], str]
) -> None:
    tasks = project.add(*[word_image("word")] * 7)
    for index in range(3):
        before = {task for task in tasks if texts(project, task)}
        assert prelabel("--backend", backend, "--shards", 3, JOB_COMPLETION_INDEX=str(index)).status == 0
        done = {task for task in tasks if texts(project, task)} - before
        assert done == {task for task in tasks if task % 3 == index}


def test_large_projects_are_read_in_slices(
    project: Project, backend: str, prelabel: Prelabel, word_image: Callable[[str], str]
) -> None:
    word = word_image("word")
    tasks = project.add(*[word] * 230)  # more than one page of ids
    completed = prelabel("--backend", backend, "--slice", 40)
    assert "230 stored, 0 failed, 0 skipped" in completed.err
    assert "230 of 230 tasks" in completed.err
    exported = project.api.call("GET", "tasks/", params={"project": project.id, "page_size": 500})["tasks"]
    assert {task["id"]: task["total_predictions"] for task in exported} == dict.fromkeys(tasks, 1)


def test_a_slice_may_have_more_ids_than_fit_into_a_url(
    project: Project, backend: str, prelabel: Prelabel, word_image: Callable[[str], str]
) -> None:
    word = word_image("word")
    project.add(*[word] * 230)
    completed = prelabel("--backend", backend, "--slice", 1000)
    assert "230 stored, 0 failed, 0 skipped" in completed.err, completed.err
