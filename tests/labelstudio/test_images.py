"""Images from every source of a task: uploads, local files, URLs and cloud storage (a stand-in for S3)."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from backend_process import running_backend
from label_studio import LabelStudio, running_label_studio
from label_studio_project import Api, Project
from loopback import Relay, serving
from object_store import ObjectStore, running_object_store
from prelabel_results import texts
from scripted_server import ScriptedServer

pytestmark = pytest.mark.labelstudio

PREFIX = "/label-studio"

Handler = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture(scope="module")
def strict_backend(settings: dict[str, str], label_studio: LabelStudio) -> Iterator[str]:
    """A backend that may use no private address but Label Studio's, with the personal access token."""
    changes = {"OCR_FETCH_ALLOW": "", "LABEL_STUDIO_API_KEY": label_studio.personal_token}
    with running_backend({**settings, **changes}) as url:
        yield url


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]) -> Iterator[ObjectStore]:
    with running_object_store(tmp_path_factory.mktemp("store"), say) as store:
        yield store


@pytest.mark.parametrize("presign", [True, False], ids=["presigned", "through Label Studio"])
def test_images_in_cloud_storage_are_read(
    project: Project,
    strict_backend: str,
    store: ObjectStore,
    image_path: Callable[[str], Path],
    presign: bool,
) -> None:
    bucket = f"images-{project.id}"
    store.put(bucket, "scans/a b ü.png", image_path("issue_170.png").read_bytes())
    project.connect(strict_backend)
    (synced,) = project.add_from_s3(store.url, bucket, presign=presign)
    (added,) = project.add(f"s3://{bucket}/scans/a b ü.png")
    project.retrieve_predictions()
    assert [texts(project, task) for task in (synced, added)] == [[["TEST"]]] * 2
    assert store.was_asked_for(f"/{bucket}/scans/a b ü.png", "X-Amz-Signature") is presign


def test_private_addresses_of_other_hosts_are_refused(
    project: Project, strict_backend: str, label_studio: LabelStudio, image_path: Callable[[str], Path]
) -> None:
    with serving(ScriptedServer()) as web:
        project.connect(strict_backend)
        (uploaded,) = project.upload(image_path("issue_170.png"))
        address = label_studio.url + project.open(uploaded)["data"]["image"]
        label_studios, private, metadata = project.add(
            address, web.serve("/a.png", b""), "http://169.254.169.254/latest/meta-data/a.png"
        )
        project.retrieve_predictions()
        assert [texts(project, task) for task in (uploaded, label_studios, private, metadata)] == [
            [["TEST"]],
            [["TEST"]],
            [],
            [],
        ]
        assert web.requests == []


def test_an_image_host_gets_the_credentials_of_the_project(
    project: Project,
    relay: Relay,
    image_path: Callable[[str], Path],
    password_protected: Callable[[bytes], Handler],
) -> None:
    answer = password_protected(image_path("issue_170.png").read_bytes())
    with serving(ScriptedServer()) as web:
        project.connect(relay.url)
        (task,) = project.add(web.on("/a.png", answer))
        project.retrieve_predictions()
        assert texts(project, task) == []
        project.set_credentials("me", "p@ss")
        project.retrieve_predictions()
        assert texts(project, task) == [["TEST"]]
        assert b'"login":"me"' in relay.to("/predict")[-1].sent.replace(b": ", b":")
        assert [request.headers.get("Authorization") for request in web.requests] == [
            None,
            "Basic bWU6cEBzcw==",
        ]


@pytest.fixture(scope="module")
def under_a_path(
    tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]
) -> Iterator[tuple[LabelStudio, Relay]]:
    """Another Label Studio that is published under a path, and the relay that does this."""
    with serving(Relay("", PREFIX)) as relay:
        folder = tmp_path_factory.mktemp("label-studio-under-a-path")
        with running_label_studio(folder, say, f"{relay.url}{PREFIX}") as label_studio:
            relay.target = label_studio.url
            yield label_studio, relay


def test_label_studio_may_be_published_under_a_path(
    under_a_path: tuple[LabelStudio, Relay], settings: dict[str, str], image_path: Callable[[str], Path]
) -> None:
    label_studio, relay = under_a_path
    changes = {
        "OCR_FETCH_ALLOW": "",
        "LABEL_STUDIO_URL": f"{relay.url}{PREFIX}",
        "LABEL_STUDIO_API_KEY": label_studio.personal_token,
    }
    api = Api(label_studio.url, label_studio.legacy_token)
    with running_backend({**settings, **changes}) as backend:
        project = Project(api)
        project.connect(backend)
        image = image_path("issue_170.png")
        (uploaded,) = project.upload(image)
        local = label_studio.files / "scans"
        local.mkdir()
        (local / "a.png").write_bytes(image.read_bytes())
        tasks = [uploaded, *project.add_local_files(local)]
        image_references = [project.open(task)["data"]["image"] for task in tasks]
        project.retrieve_predictions()
        assert [texts(project, task) for task in tasks] == [[["TEST"]]] * 2, image_references
    api.close()
    assert image_references[0].startswith(f"{PREFIX}/data/upload/")
    assert image_references[1].startswith(f"{relay.url}{PREFIX}/data/local-files/")
    assert f"{PREFIX}/api/token/refresh/" in {exchange.path for exchange in relay.exchanges}
