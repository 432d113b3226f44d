"""The chart's trial Label Studio on a real node, used as the release notes describe."""

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
from ocr_cluster import images, loading
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
    """An installed trial: the release notes, and Label Studio's API after signing in."""

    notes: str
    api: Api


def line(notes: str, prefix: str) -> str:
    """The only line of the notes with this prefix, without its comment."""
    [match] = [each.strip() for each in notes.splitlines() if each.strip().startswith(prefix)]
    return match.partition(" #")[0]


def signed_in(url: str, user: str, password: str) -> requests.Session:
    """A session like a browser's after the sign-in page."""
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
    repository = f"{images.REGISTRY}/ocr-backend/label-studio"
    values = {"enabled": "true", "image.repository": repository, "image.tag": image.tag}
    sets = [word for name, value in values.items() for word in ("--set", f"labelStudio.{name}={value}")]
    namespace = f"--namespace={restricted_namespace}"
    # Helm does not wait for the Job that connects the backend.
    notes = install("--wait", *sets)
    [job] = full_cluster.get("jobs", namespace, "--selector=app.kubernetes.io/name=ocr-backend-connect")[
        "items"
    ]
    name = job["metadata"]["name"]
    full_cluster.kubectl(
        "wait", namespace, "--for=condition=Complete", f"job/{name}", "--timeout=280s", seconds=300
    )

    address = full_cluster.get("service", "ocr-label-studio", namespace)["spec"]["clusterIP"]
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
    """Text of each region -> its box."""
    return {region.text: region.box for region in regions_of(prediction["result"])}


def test_the_trial_predicts_for_its_sample_and_for_an_upload(trial: Trial) -> None:
    [project] = trial.api.call("GET", "projects/")["results"]
    assert project["title"] == "ocr ch-mobile"
    parameters = {"project": project["id"]}
    [connection] = trial.api.call("GET", "ml/", params=parameters)
    assert connection["readable_state"] == "Connected"
    [task] = trial.api.call("GET", "tasks/", params=parameters)["tasks"]
    [prediction] = trial.api.call("GET", f"tasks/{task['id']}/", params=parameters)["predictions"]
    assert NUMBER in "".join(boxes(prediction)).replace(" ", "")

    project_of_user = Project(trial.api, CONFIG)
    match = re.fullmatch(r"ch-mobile: (\S+)", line(trial.notes, "ch-mobile: "))
    assert match
    assert project_of_user.connect(match[1])["readable_state"] == "Connected"
    [uploaded] = project_of_user.upload(IMAGE)
    project_of_user.retrieve_predictions()
    [prediction] = project_of_user.predictions(uploaded)
    left, top, right, bottom = boxes(prediction)["Kenapa Harus Punya IMB?"]
    assert 0 <= left < right <= WIDTH
    assert 0 <= top < bottom <= HEIGHT
    assert right - left > bottom - top
