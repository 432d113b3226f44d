"""The script of the chart's Jobs that connect projects, with a real Label Studio."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from label_studio import LabelStudio
from label_studio_project import Api

pytestmark = pytest.mark.labelstudio

FILES = Path(__file__).parents[2] / "chart" / "files"
CONFIG = (FILES / "labeling-config.xml").read_text("utf-8")
NUMBER = "2468013579"
PASSWORD = {"BASIC_AUTH_USER": "ocr", "BASIC_AUTH_PASS": "right"}


def connect(
    label_studio: LabelStudio, url: str, project: str | int, token: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs the script for a project's title or id."""
    connection = {"url": url, "title" if isinstance(project, str) else "project": project}
    files = [FILES / name for name in ("connect_label_studio.py", "image.png", "labeling-config.xml")]
    label_studio_variables = {
        "LABEL_STUDIO_URL": label_studio.url,
        "LABEL_STUDIO_API_KEY": token or label_studio.legacy_token,
    }
    return subprocess.run(
        [sys.executable, *files, "10", json.dumps(connection)],
        env={"PATH": os.environ["PATH"], **label_studio_variables, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def project_named(api: Api, title: str) -> int:
    listed = api.call("GET", "projects/", params={"page_size": 1000})["results"]
    [project_id] = [project["id"] for project in listed if project["title"] == title]
    return int(project_id)


def tasks(api: Api, project_id: int) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = api.call("GET", "tasks/", params={"project": project_id})["tasks"]
    return listed


def test_a_variant_gets_a_connected_project_with_an_image(
    label_studio: LabelStudio, api: Api, backend: str
) -> None:
    completed = connect(label_studio, backend, "ocr ch-mobile")
    assert completed.returncode == 0, completed.stderr
    project_id = project_named(api, "ocr ch-mobile")
    assert completed.stdout == f"project {project_id} is connected to {backend}\n"
    [connection] = api.call("GET", "ml/", params={"project": project_id})
    assert (connection["url"], connection["readable_state"]) == (backend, "Connected")
    [task] = tasks(api, project_id)
    body = {"project": project_id, "selectedItems": {"all": True, "excluded": []}}
    api.call(
        "POST", "dm/actions", params={"id": "retrieve_tasks_predictions", "project": project_id}, json=body
    )
    [prediction] = api.call("GET", "predictions/", params={"task": task["id"]})
    texts = [item["value"]["text"][0] for item in prediction["result"] if item["type"] == "textarea"]
    assert NUMBER in "".join(texts).replace(" ", "")


def test_a_second_run_changes_nothing(label_studio: LabelStudio, api: Api, backend: str) -> None:
    first = connect(label_studio, backend, "again ch-mobile")
    second = connect(label_studio, backend, "again ch-mobile")
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout
    project_id = project_named(api, "again ch-mobile")
    assert len(api.call("GET", "ml/", params={"project": project_id})) == 1
    assert len(tasks(api, project_id)) == 1


def test_a_backend_with_a_password_is_connected_with_it(
    label_studio: LabelStudio, api: Api, guarded_backend: str
) -> None:
    completed = connect(label_studio, guarded_backend, "guarded ch-mobile", **PASSWORD)
    assert completed.returncode == 0, completed.stderr
    [connection] = api.call("GET", "ml/", params={"project": project_named(api, "guarded ch-mobile")})
    assert connection["readable_state"] == "Connected"


@pytest.mark.parametrize("token", ["legacy_token", "personal_token"])
def test_an_existing_project_is_connected_and_not_changed(
    label_studio: LabelStudio, api: Api, backend: str, token: str
) -> None:
    project = api.call("POST", "projects/", json={"title": "mine", "label_config": CONFIG})["id"]
    completed = connect(label_studio, backend, project, getattr(label_studio, token))
    assert completed.returncode == 0, completed.stderr
    [connection] = api.call("GET", "ml/", params={"project": project})
    assert connection["url"] == backend
    assert tasks(api, project) == []


def test_an_error_of_label_studio_is_printed(label_studio: LabelStudio, backend: str) -> None:
    completed = connect(label_studio, backend, "refused", token="0" * 40)
    assert completed.returncode != 0
    assert "Label Studio refused GET projects/" in completed.stderr
    assert "401" in completed.stderr
