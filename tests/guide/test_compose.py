"""The guide's commands of docker-compose, as they are written there, with the images of this tree.

podman takes the place of Docker, and Label Studio from PyPI that of its public image.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml

import compose
import documents
import label_studio_image
from label_studio_project import Api, Project, RefusedError
from ocr_cluster import base_image, cache, engines

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
TOKEN = "0123456789abcdef0123456789abcdef01234567"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
SECONDS = 120


def command(guide: Path, starts: str) -> str:
    """The command of the guide that starts so."""
    lines = [line for block in documents.blocks(guide) for line in block.text.splitlines()]
    (found,) = {line for line in lines if line.startswith(starts)}
    return found


def bash(script: str) -> str:
    """Standard output; the test fails with all that was said if the script does."""
    done = subprocess.run(["bash", "-ec", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to be in time"
        time.sleep(0.2)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """The environment of the commands: what a file `.env` could hold, and the programs."""
    folder = tmp_path_factory.mktemp("compose")
    (folder / "files").mkdir()
    options = ["--isolation", "chroot", "--format", "docker", "--layers", *secret()]
    given = {
        "OCR_MODEL_SOURCE": "builtin",
        "PADDLEOCR_VERSION": "PP-OCRv6",
        "PADDLEOCR_MODEL_TYPE": "mobile",
        "LOCAL_FILES": str(folder / "files"),
        "LABEL_STUDIO_USERNAME": "you@example.com",
        "LABEL_STUDIO_PASSWORD": "a-password",
        "LABEL_STUDIO_URL": "http://label-studio:8080",
        "LABEL_STUDIO_API_KEY": TOKEN,
    }
    with cache.locked("podman"), pytest.MonkeyPatch.context() as patch:
        tools = compose.tools(folder, print, options)
        for name, value in {**given, **tools.variables}.items():
            patch.setenv(name, value)
        yield patch
        subprocess.run(["podman", "rm", "--all", "--force"], check=True, capture_output=True)
        # What was built of earlier trees; younger layers make the next build quick.
        old = ["podman", "image", "prune", "--force", "--filter", "until=168h"]
        subprocess.run(old, check=True, capture_output=True)


def secret() -> list[str]:
    return ["--secret", f"id=ca,src={CERTIFICATES}"] if CERTIFICATES.exists() else []


@pytest.fixture(scope="module")
def built(variables: pytest.MonkeyPatch, guide: Path) -> None:
    """The images, the backend's by the guide's own command."""
    arguments = base_image.arguments(engines.Podman(), ROOT / "Dockerfile")
    base = arguments.get("BASE_IMAGE", base_image.public((ROOT / "Dockerfile").read_text()))
    variables.setenv("BASE_IMAGE", base)
    bash(command(guide, "docker-compose build"))
    label_studio = label_studio_image.archived(print)
    variables.setenv("LABEL_STUDIO_IMAGE", label_studio.reference)
    bash(f"docker load --quiet --input {label_studio.archive}")


@pytest.fixture(scope="module")
def network(built: None) -> Iterator[None]:
    with compose.own_network(f"ocr-compose-{os.getpid()}"):
        yield


@contextmanager
def started(script: str, log: Path) -> Iterator[None]:
    """What a person sees who lets the command run in a terminal; all is removed in the end."""
    with log.open("w") as output:
        terminal = subprocess.Popen(["bash", "-c", script], cwd=ROOT, stdout=output, stderr=output)
        try:
            yield
        finally:
            bash("docker-compose --profile with-label-studio down --volumes")
            terminal.wait(SECONDS)


@pytest.fixture(scope="class")
def alone(network: None, guide: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with started(command(guide, "docker-compose up"), tmp_path_factory.mktemp("up") / "log"):
        until(lambda: answers("http://localhost:9090/readyz"))
        yield


@pytest.mark.usefixtures("alone")
class TestUp:
    """`docker-compose up`."""

    def test_curl_shows_what_the_guide_shows(self, guide: Path) -> None:
        (block,) = [block for block in documents.blocks(guide) if block.text.startswith("curl ")]
        asked, shown = block.text.splitlines()
        assert bash(asked).strip() == shown

    def test_only_the_backend_runs(self) -> None:
        assert bash("docker ps --format '{{.Names}}'").split() == ["paddleocr"]

    def test_docker_logs_paddleocr_shows_the_log(self, guide: Path) -> None:
        # podman keeps apart what was written to the two outputs, as docker does.
        log = bash(f"{command(guide, 'docker logs')} 2>&1")
        assert "models loaded in" in log

    def test_the_container_is_healthy(self) -> None:
        assert bash("docker healthcheck run paddleocr") == ""

    def test_the_port_is_open_to_this_machine_only(self) -> None:
        assert bash("docker port paddleocr").split() == ["9090/tcp", "->", "127.0.0.1:9090"]

    def test_an_image_is_read(self, as_task, real_image: Path) -> None:
        body = as_task(real_image.read_bytes())
        (result,) = requests.post("http://localhost:9090/predict", json=body, timeout=SECONDS).json()[
            "results"
        ]
        assert result["result"][-1]["value"]["text"] == ["TEST"]


@pytest.fixture(scope="class")
def together(network: None, guide: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    script = command(guide, "docker-compose --profile")
    with started(script, tmp_path_factory.mktemp("together") / "log"):
        until(lambda: answers("http://localhost:9090/readyz"))
        until(lambda: answers("http://localhost:8080/health"))
        yield


@pytest.fixture(scope="class")
def project(together: None) -> Iterator[Project]:
    """A project that is connected with the URL of the guide."""
    api = Api("http://localhost:8080", TOKEN)
    project = Project(api)
    assert project.connect("http://paddleocr:9090")["readable_state"] == "Connected"
    yield project
    api.close()


class TestWithLabelStudio:
    """`docker-compose --profile with-label-studio up`."""

    def test_an_uploaded_image_is_read(self, project: Project, real_image: Path) -> None:
        (task,) = project.upload(real_image)
        project.retrieve_predictions()
        (prediction,) = project.predictions(task)
        assert prediction["result"][-1]["value"]["text"] == ["TEST"]

    def test_a_local_file_is_read_from_the_folder_that_both_see(
        self, project: Project, real_image: Path
    ) -> None:
        folder = Path(os.environ["LOCAL_FILES"], "scans")
        folder.mkdir()
        (folder / "image.png").write_bytes(real_image.read_bytes())
        tasks = project.add_local_files(Path("/label-studio/files/scans"))
        project.retrieve_predictions()
        (prediction,) = project.predictions(tasks[-1])
        assert prediction["result"][-1]["value"]["text"] == ["TEST"]


def test_without_the_files_settings_label_studio_refuses_private_addresses(
    network: None, tmp_path: Path
) -> None:
    override = {"environment": {"LABEL_STUDIO_ML_BLOCK_LOCAL_IP": "true"}}
    (tmp_path / "override.yml").write_text(yaml.safe_dump({"services": {"label-studio": override}}))
    files = f"-f docker-compose.yml -f {tmp_path / 'override.yml'}"
    script = f"docker-compose {files} --profile with-label-studio up"
    with started(script, tmp_path / "log"):
        until(lambda: answers("http://localhost:8080/health"))
        api = Api("http://localhost:8080", TOKEN)
        with pytest.raises(RefusedError, match="URL resolves to a reserved network address"):
            Project(api).connect("http://paddleocr:9090")
        api.close()


def test_the_gpu_file_asks_for_nvidias_runtime(variables: pytest.MonkeyPatch, guide: Path) -> None:
    # Up to what is asked for: there is no such device here.
    asked = bash(command(guide, "docker-compose -f").removesuffix("up") + "config")
    assert "runtime: nvidia" in asked
    assert "target: backend-gpu" in asked
    assert "PADDLEOCR_USE_GPU: 'true'" in asked
