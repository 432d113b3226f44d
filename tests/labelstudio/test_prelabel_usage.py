"""prelabel reports invalid usage and an unavailable Label Studio."""

import json
from collections.abc import Callable

import pytest

from label_studio_project import Project
from loopback import ImageFiles
from prelabel_process import Prelabel

pytestmark = pytest.mark.labelstudio

UNKNOWN_COLUMN = {"filter": "filter:tasks:no", "type": "Number"}


@pytest.mark.parametrize(
    ("arguments", "env", "message"),
    [
        pytest.param(["--project", "999999"], {}, "project 999999 does not exist", id="project"),
        pytest.param([], {"LABEL_STUDIO_API_KEY": "f" * 40}, "refuses the token", id="legacy token"),
        pytest.param([], {"LABEL_STUDIO_API_KEY": "e30.e30.x"}, "refuses the token", id="personal token"),
        pytest.param(
            [], {"LABEL_STUDIO_API_KEY": ""}, "and LABEL_STUDIO_API_KEY to the access token", id="no token"
        ),
        pytest.param([], {"LABEL_STUDIO_URL": "nowhere"}, "LABEL_STUDIO_URL", id="no URL"),
        pytest.param(["--filter", "999999"], {}, "view 999999 does not exist", id="view"),
        pytest.param(["--filter", "{}"], {}, "is not of the form", id="filter"),
        pytest.param(
            ["--filter", json.dumps({"items": [{**UNKNOWN_COLUMN, "operator": "equal", "value": 1}]})],
            {},
            "cannot use the filter",
            id="column",
        ),
        pytest.param(["--failures", "no/such/folder"], {}, "with --failures", id="failures"),
        pytest.param([], {"JOB_COMPLETION_INDEX": "1"}, "set --shards", id="shards"),
        pytest.param([], {"PADDLEOCR_LANG": "koreen"}, "the settings are wrong", id="settings"),
    ],
)
def test_invalid_usage_is_reported_with_status_2(
    prelabel: Prelabel, arguments: list[str], env: dict[str, str], message: str
) -> None:
    completed = prelabel(*arguments, **env)
    assert (completed.status, message in completed.err) == (2, True), completed.err
    assert "Traceback" not in completed.err


@pytest.mark.parametrize("reader", ["command", "backend"])
def test_a_label_config_without_boxes_and_text_is_refused(
    project: Project, backend: str, prelabel: Prelabel, word_image: Callable[[str], str], reader: str
) -> None:
    project.reconfigure(
        '<View><Image name="image" value="$image"/><Labels name="kind" toName="image">'
        '<Label value="Text"/></Labels></View>'
    )
    project.add(word_image("word"))
    completed = prelabel(*(["--backend", backend] if reader == "backend" else []))
    assert (completed.status, "no tag that draws boxes" in completed.err) == (2, True), completed.err


def test_an_unreachable_label_studio_is_reported_with_status_1(
    prelabel: Prelabel, image_server: ImageFiles
) -> None:
    image_server.server_close()
    completed = prelabel(LABEL_STUDIO_URL=image_server.url)
    assert (completed.status, f"cannot be reached at {image_server.url}" in completed.err) == (1, True), (
        completed.err
    )
    assert "Traceback" not in completed.err


def test_another_server_than_label_studio_is_reported(prelabel: Prelabel, backend: str) -> None:
    completed = prelabel(LABEL_STUDIO_URL=f"{backend}/health?")
    assert (completed.status, "is not Label Studio" in completed.err) == (2, True), completed.err
