"""Images wherever Label Studio's tasks have them: the real server, the real backend, a stand-in for S3."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from backend_process import running_backend
from label_studio import LabelStudio, running_label_studio
from label_studio_project import Api, Project
from label_studio_regions import regions_of
from loopback import Relay, serving
from object_store import ObjectStore, running_object_store
from scripted_server import Reply, ScriptedServer

pytestmark = pytest.mark.labelstudio

PREFIX = "/label-studio"


def texts(project: Project, task: int) -> list[list[str]]:
    """The texts of each prediction that is stored for a task."""
    return [[region.text for region in regions_of(one["result"])] for one in project.predictions(task)]


@pytest.fixture(scope="module")
def wary_backend(settings: dict[str, str], label_studio: LabelStudio) -> Iterator[str]:
    """One that takes private addresses of Label Studio alone, and has the personal access token."""
    own = {"OCR_FETCH_ALLOW": "", "LABEL_STUDIO_API_KEY": label_studio.personal_token}
    with running_backend({**settings, **own}) as url:
        yield url


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]) -> Iterator[ObjectStore]:
    with running_object_store(tmp_path_factory.mktemp("store"), say) as store:
        yield store


@pytest.mark.parametrize("presign", [True, False], ids=["presigned", "through Label Studio"])
def test_images_in_cloud_storage_are_read(
    project: Project, wary_backend: str, store: ObjectStore, image_path: Callable[[str], Path], presign: bool
) -> None:
    bucket = f"images-{project.id}"
    store.put(bucket, "scans/a b ü.png", image_path("issue_170.png").read_bytes())
    project.connect(wary_backend)
    (task,) = project.add_from_s3(store.url, bucket, presign=presign)
    (again,) = project.add(f"s3://{bucket}/scans/a b ü.png")
    project.retrieve_predictions()
    assert [texts(project, one) for one in (task, again)] == [[["TEST"]]] * 2
    assert store.was_asked_for(f"/{bucket}/scans/a b ü.png", "X-Amz-Signature") is presign


def test_a_private_address_that_is_not_label_studios_is_refused(
    project: Project, wary_backend: str, label_studio: LabelStudio, image_path: Callable[[str], Path]
) -> None:
    with serving(ScriptedServer()) as web:
        project.connect(wary_backend)
        (uploaded,) = project.upload(image_path("issue_170.png"))
        address = label_studio.url + project.open(uploaded)["data"]["image"]
        own, private, metadata = project.add(
            address, web.serve("/a.png", b""), "http://169.254.169.254/latest/meta-data/a.png"
        )
        project.retrieve_predictions()
        assert [texts(project, task) for task in (uploaded, own, private, metadata)] == [
            [["TEST"]],
            [["TEST"]],
            [],
            [],
        ]
        assert web.asked == []


def test_a_host_that_asks_for_a_password_gets_the_projects(
    project: Project, relay: Relay, image_path: Callable[[str], Path]
) -> None:
    content = image_path("issue_170.png").read_bytes()

    def guarded(handler: BaseHTTPRequestHandler) -> None:
        is_right = handler.headers.get("Authorization") == "Basic bWU6cEBzcw=="
        (Reply(content) if is_right else Reply(b"no", 401))(handler)

    with serving(ScriptedServer()) as web:
        project.connect(relay.url)
        (task,) = project.add(web.on("/a.png", guarded))
        project.retrieve_predictions()
        assert texts(project, task) == []
        project.say_credentials("me", "p@ss")
        project.retrieve_predictions()
        assert texts(project, task) == [["TEST"]]
        assert b'"login":"me"' in relay.to("/predict")[-1].sent.replace(b": ", b":")
        assert [one.headers.get("Authorization") for one in web.asked] == [None, "Basic bWU6cEBzcw=="]


@pytest.fixture(scope="module")
def under_a_path(
    tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]
) -> Iterator[tuple[LabelStudio, Relay]]:
    """Another Label Studio that people see under a path, and the relay that puts it there."""
    with serving(Relay("", PREFIX)) as relay:
        folder = tmp_path_factory.mktemp("label-studio-under-a-path")
        with running_label_studio(folder, say, f"{relay.url}{PREFIX}") as label_studio:
            relay.target = label_studio.url
            yield label_studio, relay


def test_label_studio_may_lie_under_a_path_of_its_host(
    under_a_path: tuple[LabelStudio, Relay], settings: dict[str, str], image_path: Callable[[str], Path]
) -> None:
    label_studio, relay = under_a_path
    own = {
        "OCR_FETCH_ALLOW": "",
        "LABEL_STUDIO_URL": f"{relay.url}{PREFIX}",
        "LABEL_STUDIO_API_KEY": label_studio.personal_token,
    }
    api = Api(label_studio.url, label_studio.legacy_token)
    with running_backend({**settings, **own}) as backend:
        project = Project(api)
        project.connect(backend)
        test = image_path("issue_170.png")
        (uploaded,) = project.upload(test)
        local = label_studio.files / "scans"
        local.mkdir()
        (local / "a.png").write_bytes(test.read_bytes())
        tasks = [uploaded, *project.add_local_files(local)]
        written = [project.open(task)["data"]["image"] for task in tasks]
        project.retrieve_predictions()
        assert [texts(project, task) for task in tasks] == [[["TEST"]]] * 2, written
    api.close()
    assert written[0].startswith(f"{PREFIX}/data/upload/")
    assert written[1].startswith(f"{relay.url}{PREFIX}/data/local-files/")
    assert f"{PREFIX}/api/token/refresh/" in {exchange.path for exchange in relay.exchanges}
