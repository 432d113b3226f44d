"""The docker-compose commands of the guide, with images that are built from this repository.

podman replaces Docker, and Label Studio from PyPI replaces its public image.
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
TIMEOUT_SECONDS = 120


def command(guide: Path, prefix: str) -> str:
    """The command of the guide that starts with the prefix."""
    lines = [line for block in documents.blocks(guide) for line in block.text.splitlines()]
    (line,) = {line for line in lines if line.startswith(prefix)}
    return line


def bash(script: str) -> str:
    """Standard output of a script; if the script fails, the test fails with its output."""
    done = subprocess.run(["bash", "-ec", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.2)


def responds(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """The environment of the commands: the variables that a file `.env` could set, and the tools."""
    folder = tmp_path_factory.mktemp("compose")
    (folder / "files").mkdir()
    options = ["--isolation", "chroot", "--format", "docker", "--layers", *ca_secret()]
    dotenv = {
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
        for name, value in {**dotenv, **tools.variables}.items():
            patch.setenv(name, value)
        yield patch
        subprocess.run(["podman", "rm", "--all", "--force"], check=True, capture_output=True)
        # Images of older builds; recent layers are kept, because they speed up the next build.
        old = ["podman", "image", "prune", "--force", "--filter", "until=168h"]
        subprocess.run(old, check=True, capture_output=True)


def ca_secret() -> list[str]:
    return ["--secret", f"id=ca,src={CERTIFICATES}"] if CERTIFICATES.exists() else []


@pytest.fixture(scope="module")
def built_images(variables: pytest.MonkeyPatch, guide: Path) -> None:
    """Builds the images, that of the backend with the command of the guide."""
    arguments = base_image.arguments(engines.Podman(), ROOT / "Dockerfile")
    base = arguments.get("BASE_IMAGE", base_image.public((ROOT / "Dockerfile").read_text()))
    variables.setenv("BASE_IMAGE", base)
    bash(command(guide, "docker-compose build"))
    label_studio = label_studio_image.archived(print)
    variables.setenv("LABEL_STUDIO_IMAGE", label_studio.reference)
    bash(f"docker load --quiet --input {label_studio.archive}")


@pytest.fixture(scope="module")
def network(built_images: None) -> Iterator[None]:
    with compose.own_network(f"ocr-compose-{os.getpid()}"):
        yield


@contextmanager
def running(script: str, log: Path) -> Iterator[None]:
    """Runs the command as in a terminal, and removes all containers and volumes at the end."""
    with log.open("w") as output:
        terminal = subprocess.Popen(["bash", "-c", script], cwd=ROOT, stdout=output, stderr=output)
        try:
            yield
        finally:
            bash("docker-compose --profile with-label-studio down --volumes")
            terminal.wait(TIMEOUT_SECONDS)


@pytest.fixture(scope="class")
def backend_only(network: None, guide: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with running(command(guide, "docker-compose up"), tmp_path_factory.mktemp("up") / "log"):
        wait_until(lambda: responds("http://localhost:9090/readyz"))
        yield


@pytest.mark.usefixtures("backend_only")
class TestUp:
    """`docker-compose up`."""

    def test_curl_prints_the_output_of_the_guide(self, guide: Path) -> None:
        (block,) = [block for block in documents.blocks(guide) if block.text.startswith("curl ")]
        command_line, output = block.text.splitlines()
        assert bash(command_line).strip() == output

    def test_only_the_backend_runs(self) -> None:
        assert bash("docker ps --format '{{.Names}}'").split() == ["paddleocr"]

    def test_docker_logs_paddleocr_shows_the_log(self, guide: Path) -> None:
        # podman separates standard output and standard error, as docker does.
        log = bash(f"{command(guide, 'docker logs')} 2>&1")
        assert "models loaded in" in log

    def test_the_container_is_healthy(self) -> None:
        assert bash("docker healthcheck run paddleocr") == ""

    def test_the_port_is_open_to_this_machine_only(self) -> None:
        assert bash("docker port paddleocr").split() == ["9090/tcp", "->", "127.0.0.1:9090"]

    def test_an_image_is_read(self, as_task, real_image: Path) -> None:
        body = as_task(real_image.read_bytes())
        (result,) = requests.post("http://localhost:9090/predict", json=body, timeout=TIMEOUT_SECONDS).json()[
            "results"
        ]
        assert result["result"][-1]["value"]["text"] == ["TEST"]


@pytest.fixture(scope="class")
def with_label_studio(network: None, guide: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    script = command(guide, "docker-compose --profile")
    with running(script, tmp_path_factory.mktemp("together") / "log"):
        wait_until(lambda: responds("http://localhost:9090/readyz"))
        wait_until(lambda: responds("http://localhost:8080/health"))
        yield


@pytest.fixture(scope="class")
def project(with_label_studio: None) -> Iterator[Project]:
    """A project with a backend that is connected by the URL of the guide."""
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

    def test_a_local_file_is_read_from_the_shared_folder(self, project: Project, real_image: Path) -> None:
        folder = Path(os.environ["LOCAL_FILES"], "scans")
        folder.mkdir()
        (folder / "image.png").write_bytes(real_image.read_bytes())
        tasks = project.add_local_files(Path("/label-studio/files/scans"))
        project.retrieve_predictions()
        (prediction,) = project.predictions(tasks[-1])
        assert prediction["result"][-1]["value"]["text"] == ["TEST"]


def test_label_studio_refuses_private_addresses_by_default(network: None, tmp_path: Path) -> None:
    override = {"environment": {"LABEL_STUDIO_ML_BLOCK_LOCAL_IP": "true"}}
    (tmp_path / "override.yml").write_text(yaml.safe_dump({"services": {"label-studio": override}}))
    files = f"-f docker-compose.yml -f {tmp_path / 'override.yml'}"
    script = f"docker-compose {files} --profile with-label-studio up"
    with running(script, tmp_path / "log"):
        wait_until(lambda: responds("http://localhost:8080/health"))
        api = Api("http://localhost:8080", TOKEN)
        with pytest.raises(RefusedError, match="URL resolves to a reserved network address"):
            Project(api).connect("http://paddleocr:9090")
        api.close()


def test_the_gpu_file_requests_the_nvidia_runtime(variables: pytest.MonkeyPatch, guide: Path) -> None:
    # Only the configuration is checked: this machine has no GPU.
    config = bash(command(guide, "docker-compose -f").removesuffix("up") + "config")
    assert "runtime: nvidia" in config
    assert "target: backend-gpu" in config
    assert "PADDLEOCR_USE_GPU: 'true'" in config
