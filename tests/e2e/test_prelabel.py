"""Projects of the real Label Studio, read whole by the chart's Jobs on a real node."""

import base64
import json
import shlex
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from documents import blocks
from faulty_relay import FaultyRelay, Passing, pass_on
from label_studio import LabelStudio, running_label_studio
from label_studio_project import Api, Project
from loopback import serving
from ocr_cluster.cluster import Cluster

pytestmark = pytest.mark.e2e

Install = Callable[..., str]

PAGE = Path(__file__).parents[2] / "docs" / "projects.md"
TASKS = 20
STORING = "POST /api/"
"""Begins both the request that stores a slice and the one that stores a single prediction."""

READ_BY_THE_VARIANT = {"backend": {"name": "ocr", "language": "ch", "modelType": "mobile"}}
READ_IN_THE_POD = {"builtin": {"language": "ch"}}


@pytest.fixture(scope="module")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudio]:
    with running_label_studio(tmp_path_factory.mktemp("label-studio"), print) as running:
        yield running


@pytest.fixture
def project(label_studio: LabelStudio) -> Iterator[Project]:
    api = Api(label_studio.url, label_studio.legacy_token)
    yield Project(api)
    api.close()


@pytest.fixture
def between(full_cluster: Cluster, label_studio: LabelStudio) -> Iterator[FaultyRelay]:
    """Where the pods reach Label Studio: the machine's end of the link to the node."""
    address = str(full_cluster.record.addresses.machine)
    with serving(FaultyRelay(label_studio.url, address)) as relay:
        yield relay


@pytest.fixture
def secret(full_cluster: Cluster, restricted_namespace: str, label_studio: LabelStudio) -> dict[str, str]:
    """The token of Label Studio, as a key of a Secret in the test's namespace."""
    where = f"--namespace={restricted_namespace}"
    token = f"--from-literal=token={label_studio.personal_token}"
    full_cluster.kubectl("create", "secret", "generic", "label-studio", token, where)
    return {"name": "label-studio", "key": "token"}


def page_uri(word: str) -> str:
    image, file = Image.new("RGB", (160, 44), "white"), BytesIO()
    ImageDraw.Draw(image).text((8, 4), word, fill="black", font=ImageFont.load_default(size=30))
    image.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def killer(cluster: Cluster, namespace: str, killed: list[str]) -> Callable[[Passing], None]:
    """Lets Label Studio store what a pod sends, and kills the pod before it is told so."""

    def kill(passing: Passing) -> None:
        passing.ask()
        address, where = passing.client_address[0], f"--namespace={namespace}"
        pods = cluster.get("pods", where)["items"]
        [name] = [one["metadata"]["name"] for one in pods if one["status"].get("podIP") == address]
        cluster.kubectl("delete", "pod", name, where, "--force", "--grace-period=0", "--wait=false")
        killed.append(name)
        passing.hang_up()

    return kill


def logged(cluster: Cluster, namespace: str) -> str:
    """What the pods have said, by the manual's own command."""
    [command] = [one.text for one in blocks(PAGE) if one.text.startswith("kubectl logs ")]
    words = shlex.split(command.replace("--namespace labeling", f"--namespace {namespace}"))
    return cluster.kubectl(*words[1:])


def ended(cluster: Cluster, namespace: str) -> str:
    """How the only Job has ended: the condition that is true; empty while it goes on."""
    (job,) = cluster.get("jobs", f"--namespace={namespace}")["items"]
    conditions = job.get("status", {}).get("conditions", [])
    return next((one["type"] for one in conditions if one["type"] in ("Complete", "Failed")), "")


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param(READ_BY_THE_VARIANT, id="the variant reads"),
        pytest.param(READ_IN_THE_POD, id="the pods read"),
    ],
)
def test_two_pods_of_which_one_is_killed_leave_one_prediction_for_each_task(
    full_cluster: Cluster,
    restricted_namespace: str,
    install: Install,
    project: Project,
    between: FaultyRelay,
    secret: dict[str, str],
    reader: dict[str, Any],
) -> None:
    tasks = project.add(*(page_uri(f"No {number}") for number in range(TASKS)))
    killed: list[str] = []
    between.once(STORING, pass_on)
    between.once(STORING, pass_on)
    between.once(STORING, killer(full_cluster, restricted_namespace, killed))

    label_studio = {"url": between.url, "apiKeySecretRef": secret}
    run = {"project": project.id, "shards": 2, "slice": 3, "labelStudio": label_studio, **reader}
    backends = [] if "backend" in reader else ["--set", "backends=null"]
    install(f"--set-json=prelabel.invoices={json.dumps(run)}", *backends)
    said = full_cluster.wait(lambda: ended(full_cluster, restricted_namespace), "the Job to end", 300)

    assert said == "Complete", full_cluster.blame()
    assert len(killed) == 1
    log = logged(full_cluster, restricted_namespace)
    assert "0 failed" in log
    stored = {task: project.predictions(task) for task in tasks}
    assert {task: len(each) for task, each in stored.items()} == dict.fromkeys(tasks, 1)
    texts = [each["result"][-1]["value"]["text"] for (each,) in stored.values()]
    assert texts == [[f"No {number}"] for number in range(TASKS)]


def test_a_wrong_token_ends_the_job_at_once_and_its_log_says_so(
    full_cluster: Cluster,
    restricted_namespace: str,
    install: Install,
    project: Project,
    between: FaultyRelay,
) -> None:
    where = f"--namespace={restricted_namespace}"
    full_cluster.kubectl(
        "create", "secret", "generic", "label-studio", f"--from-literal=token={'0' * 40}", where
    )
    label_studio = {"url": between.url, "apiKeySecretRef": {"name": "label-studio", "key": "token"}}
    run = {"project": project.id, "labelStudio": label_studio, **READ_IN_THE_POD}
    install(f"--set-json=prelabel.invoices={json.dumps(run)}", "--set", "backends=null")
    said = full_cluster.wait(lambda: ended(full_cluster, restricted_namespace), "the Job to end", 120)
    assert said == "Failed", full_cluster.blame()
    pods = full_cluster.get("pods", where, "--selector=ocrbackend.io/prelabel=invoices")["items"]
    assert len(pods) == 1
    assert "token" in logged(full_cluster, restricted_namespace)
