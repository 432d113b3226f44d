"""What the chart's trial of Label Studio does with it: the program that its Job runs, on the real one."""

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
NUMBER = "2468013579"
PASSWORD = {"BASIC_AUTH_USER": "ocr", "BASIC_AUTH_PASS": "right"}


def connect(
    label_studio: LabelStudio, url: str, title: str, token: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    files = [FILES / name for name in ("connect_label_studio.py", "image.png", "labeling-config.xml")]
    known = {
        "LABEL_STUDIO_URL": label_studio.url,
        "LABEL_STUDIO_API_KEY": token or label_studio.legacy_token,
    }
    return subprocess.run(
        [sys.executable, *files, "10", title, url],
        env={"PATH": os.environ["PATH"], **known, **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def project(api: Api, title: str) -> int:
    listed = api.call("GET", "projects/", params={"page_size": 1000})["results"]
    [found] = [one["id"] for one in listed if one["title"] == title]
    return int(found)


def tasks(api: Api, project: int) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = api.call("GET", "tasks/", params={"project": project})["tasks"]
    return listed


def test_a_variant_gets_a_project_that_is_connected_and_whose_image_is_read(
    label_studio: LabelStudio, api: Api, backend: str
) -> None:
    done = connect(label_studio, backend, "ocr ch/mobile")
    assert done.returncode == 0, done.stderr
    made = project(api, "ocr ch/mobile")
    assert done.stdout == f"project {made}, 'ocr ch/mobile', is connected to {backend}\n"
    [connection] = api.call("GET", "ml/", params={"project": made})
    assert (connection["url"], connection["readable_state"]) == (backend, "Connected")
    [task] = tasks(api, made)
    body = {"project": made, "selectedItems": {"all": True, "excluded": []}}
    api.call("POST", "dm/actions", params={"id": "retrieve_tasks_predictions", "project": made}, json=body)
    [prediction] = api.call("GET", "predictions/", params={"task": task["id"]})
    texts = [one["value"]["text"][0] for one in prediction["result"] if one["type"] == "textarea"]
    assert NUMBER in "".join(texts).replace(" ", "")


def test_a_second_run_changes_nothing(label_studio: LabelStudio, api: Api, backend: str) -> None:
    first = connect(label_studio, backend, "again ch/mobile")
    second = connect(label_studio, backend, "again ch/mobile")
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout
    made = project(api, "again ch/mobile")
    assert len(api.call("GET", "ml/", params={"project": made})) == 1
    assert len(tasks(api, made)) == 1


def test_a_backend_with_a_password_is_connected_with_it(
    label_studio: LabelStudio, api: Api, guarded_backend: str
) -> None:
    done = connect(label_studio, guarded_backend, "guarded ch/mobile", **PASSWORD)
    assert done.returncode == 0, done.stderr
    [connection] = api.call("GET", "ml/", params={"project": project(api, "guarded ch/mobile")})
    assert connection["readable_state"] == "Connected"


def test_what_label_studio_refuses_is_told(label_studio: LabelStudio, backend: str) -> None:
    done = connect(label_studio, backend, "refused", token="0" * 40)
    assert done.returncode != 0
    assert "Label Studio refused GET projects/" in done.stderr
    assert "401" in done.stderr
