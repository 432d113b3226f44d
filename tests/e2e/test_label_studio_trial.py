"""The chart's trial: Label Studio beside the backend on a real node, used as the notes of the release say."""

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

import label_studio_image
from label_studio_project import Api, Project
from label_studio_regions import Box, regions_of
from ocr_cluster import loading
from ocr_cluster.cluster import Cluster

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
CONFIG = (ROOT / "chart/files/labeling-config.xml").read_text("utf-8")
IMAGE = ROOT / "tests/data/images/ls_image.jpeg"
WIDTH, HEIGHT = 1080, 1349  # px
NUMBER = "2468013579"

Install = Callable[..., str]
Json = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """What a person has who has installed it: the notes, and Label Studio's API after signing in."""

    notes: str
    api: Api


def line(notes: str, begins: str) -> str:
    """The line of the notes that begins so, without its comment."""
    [found] = [one.strip() for one in notes.splitlines() if one.strip().startswith(begins)]
    return found.partition(" #")[0]


def signed_in(url: str, user: str, password: str) -> requests.Session:
    """A browser's session after the page for signing in."""
    session = requests.Session()
    session.trust_env = False
    session.get(f"{url}/user/login/", timeout=60).raise_for_status()
    form = {"email": user, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    session.post(f"{url}/user/login/", data=form, timeout=60).raise_for_status()
    return session


@pytest.fixture
def trial(full_cluster: Cluster, restricted_namespace: str, install: Install) -> Iterator[Trial]:
    image = label_studio_image.archived(print)
    loading.load(full_cluster, [image.archive])
    values = {"enabled": "true", "image.repository": "ocr-backend/label-studio", "image.tag": image.tag}
    sets = [word for name, value in values.items() for word in ("--set", f"labelStudio.{name}={value}")]
    where = f"--namespace={restricted_namespace}"
    # The Job that connects is no part of what Helm waits for.
    notes = install("--wait", *sets)
    [job] = full_cluster.get("jobs", where, "--selector=app.kubernetes.io/name=ocr-backend-connect")["items"]
    name = job["metadata"]["name"]
    full_cluster.kubectl(
        "wait", where, "--for=condition=Complete", f"job/{name}", "--timeout=280s", seconds=300
    )

    address = full_cluster.get("service", "ocr-ocr-backend-label-studio", where)["spec"]["clusterIP"]
    url = f"http://{address}:8080"
    words = shlex.split(line(notes, "kubectl get secret"))
    user, password = full_cluster.kubectl(*words[1:]).split()
    with signed_in(url, user, password) as session:
        assert session.get(f"{url}/api/current-user/whoami", timeout=60).json()["email"] == user
        token = session.get(f"{url}/api/current-user/token", timeout=60).json()["token"]
    api = Api(url, token)
    yield Trial(notes, api)
    api.close()


def boxes(prediction: Json) -> dict[str, Box]:
    """Text -> the box around it."""
    return {region.text: region.box for region in regions_of(prediction["result"])}


def test_its_page_shows_boxes_and_texts_for_its_own_image_and_for_mine(trial: Trial) -> None:
    [project] = trial.api.call("GET", "projects/")["results"]
    assert project["title"] == "ocr ch/mobile"
    here = {"project": project["id"]}
    [connection] = trial.api.call("GET", "ml/", params=here)
    assert connection["readable_state"] == "Connected"
    [task] = trial.api.call("GET", "tasks/", params=here)["tasks"]
    [prediction] = trial.api.call("GET", f"tasks/{task['id']}/", params=here)["predictions"]
    assert NUMBER in "".join(boxes(prediction)).replace(" ", "")

    mine = Project(trial.api, CONFIG)
    found = re.fullmatch(r"ch/mobile: (\S+)", line(trial.notes, "ch/mobile: "))
    assert found
    assert mine.connect(found[1])["readable_state"] == "Connected"
    [uploaded] = mine.upload(IMAGE)
    mine.retrieve_predictions()
    [prediction] = mine.predictions(uploaded)
    left, top, right, bottom = boxes(prediction)["Kenapa Harus Punya IMB?"]
    assert 0 <= left < right <= WIDTH
    assert 0 <= top < bottom <= HEIGHT
    assert right - left > bottom - top
