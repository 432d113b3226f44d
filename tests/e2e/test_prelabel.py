"""Label Studio projects that the chart's prelabel Jobs read on a real node."""

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
from faulty_relay import FaultyRelay, RelayedRequest, forward
from label_studio import LabelStudio, running_label_studio
from label_studio_project import Api, Project
from loopback import serving
from ocr_cluster.cluster import Cluster

pytestmark = pytest.mark.e2e

Install = Callable[..., str]

PAGE = Path(__file__).parents[2] / "docs" / "projects.md"
TASKS = 20
STORING = "POST /api/"
"""Prefix of the requests that store a slice and of those that store one prediction."""

READ_BY_VARIANT = {"backend": {"name": "ocr", "variant": "ch-mobile"}}
READ_IN_POD = {"builtin": {"language": "ch"}}


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
def relay(full_cluster: Cluster, label_studio: LabelStudio) -> Iterator[FaultyRelay]:
    """A proxy to Label Studio for the pods, on the machine's end of the link to the node."""
    address = str(full_cluster.record.addresses.machine)
    with serving(FaultyRelay(label_studio.url, address)) as faulty_relay:
        yield faulty_relay


@pytest.fixture
def secret(full_cluster: Cluster, restricted_namespace: str, label_studio: LabelStudio) -> dict[str, str]:
    """A reference to the token of Label Studio in a Secret in the test's namespace."""
    namespace = f"--namespace={restricted_namespace}"
    token = f"--from-literal=token={label_studio.personal_token}"
    full_cluster.kubectl("create", "secret", "generic", "label-studio", token, namespace)
    return {"name": "label-studio", "key": "token"}


def page_uri(word: str) -> str:
    image, file = Image.new("RGB", (160, 44), "white"), BytesIO()
    ImageDraw.Draw(image).text((8, 4), word, fill="black", font=ImageFont.load_default(size=30))
    image.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def killer(cluster: Cluster, namespace: str, killed: list[str]) -> Callable[[RelayedRequest], None]:
    """A fault: Label Studio stores what a pod sends, and the pod is killed before it gets the response."""

    def kill(request: RelayedRequest) -> None:
        request.ask()
        address, in_namespace = request.client_address[0], f"--namespace={namespace}"
        pods = cluster.get("pods", in_namespace)["items"]
        [name] = [pod["metadata"]["name"] for pod in pods if pod["status"].get("podIP") == address]
        cluster.kubectl("delete", "pod", name, in_namespace, "--force", "--grace-period=0", "--wait=false")
        killed.append(name)
        request.hang_up()

    return kill


def pod_logs(cluster: Cluster, namespace: str) -> str:
    """The logs of the pods, read by the command in the documentation."""
    [command] = [block.text for block in blocks(PAGE) if block.text.startswith("kubectl logs ")]
    words = shlex.split(command.replace("--namespace labeling", f"--namespace {namespace}"))
    return cluster.kubectl(*words[1:])


def job_result(cluster: Cluster, namespace: str) -> str:
    """Complete or Failed, as the only Job has ended; empty while it runs."""
    (job,) = cluster.get("jobs", f"--namespace={namespace}")["items"]
    conditions = job.get("status", {}).get("conditions", [])
    return next((each["type"] for each in conditions if each["type"] in ("Complete", "Failed")), "")


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param(READ_BY_VARIANT, id="the variant reads"),
        pytest.param(READ_IN_POD, id="the pods read"),
    ],
)
def test_a_killed_pod_leaves_one_prediction_for_each_task(
    full_cluster: Cluster,
    restricted_namespace: str,
    install: Install,
    project: Project,
    relay: FaultyRelay,
    secret: dict[str, str],
    reader: dict[str, Any],
) -> None:
    tasks = project.add(*(page_uri(f"No {number}") for number in range(TASKS)))
    killed: list[str] = []
    relay.once(STORING, forward)
    relay.once(STORING, forward)
    relay.once(STORING, killer(full_cluster, restricted_namespace, killed))

    label_studio = {"url": relay.url, "apiKeySecretRef": secret}
    run = {"project": project.id, "shards": 2, "slice": 3, "labelStudio": label_studio, **reader}
    backends = [] if "backend" in reader else ["--set", "backends=null,defaultBackend.enabled=false"]
    install(f"--set-json=prelabel.invoices={json.dumps(run)}", *backends)
    result = full_cluster.wait(lambda: job_result(full_cluster, restricted_namespace), "the Job to end", 300)

    assert result == "Complete", full_cluster.diagnostics()
    assert len(killed) == 1
    log = pod_logs(full_cluster, restricted_namespace)
    assert "0 failed" in log
    stored = {task: project.predictions(task) for task in tasks}
    assert {task: len(each) for task, each in stored.items()} == dict.fromkeys(tasks, 1)
    texts = [each["result"][-1]["value"]["text"] for (each,) in stored.values()]
    assert texts == [[f"No {number}"] for number in range(TASKS)]


def test_a_wrong_token_ends_the_job_and_is_in_the_log(
    full_cluster: Cluster,
    restricted_namespace: str,
    install: Install,
    project: Project,
    relay: FaultyRelay,
) -> None:
    namespace = f"--namespace={restricted_namespace}"
    full_cluster.kubectl(
        "create", "secret", "generic", "label-studio", f"--from-literal=token={'0' * 40}", namespace
    )
    label_studio = {"url": relay.url, "apiKeySecretRef": {"name": "label-studio", "key": "token"}}
    run = {"project": project.id, "labelStudio": label_studio, **READ_IN_POD}
    install(
        f"--set-json=prelabel.invoices={json.dumps(run)}",
        "--set",
        "backends=null,defaultBackend.enabled=false",
    )
    result = full_cluster.wait(lambda: job_result(full_cluster, restricted_namespace), "the Job to end", 120)
    assert result == "Failed", full_cluster.diagnostics()
    pods = full_cluster.get("pods", namespace, "--selector=ocrbackend.io/prelabel=invoices")["items"]
    assert len(pods) == 1
    assert "token" in pod_logs(full_cluster, restricted_namespace)
