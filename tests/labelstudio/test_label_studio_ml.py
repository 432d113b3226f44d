"""`label-studio-ml start`, as in the guide, starts the backend; the program is the one from PyPI."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from label_studio_project import Project
from server_process import free_port, serving_process
from user_cache import environment_from

pytestmark = pytest.mark.labelstudio

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "tests" / "support" / "label-studio-ml-requirements.txt"
START_TIMEOUT_SECONDS = 60


@pytest.fixture
def started_backend(settings: dict[str, str], tmp_path: Path, say: Callable[[str], None]) -> Iterator[str]:
    """URL of a backend that was started with `label-studio-ml`, which uses the first `python` in the path."""
    program = environment_from(LOCK, say) / "bin" / "label-studio-ml"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    port = free_port()
    command = [program, "start", ROOT / "backend", "--host", "127.0.0.1", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with serving_process(
        command,
        {**os.environ, **settings, "PATH": path},
        tmp_path / "label-studio-ml.log",
        f"{url}/health",
        START_TIMEOUT_SECONDS,
    ):
        yield url


def test_label_studio_ml_starts_the_backend(started_backend: str, project: Project) -> None:
    assert requests.get(f"{started_backend}/health", timeout=5).json()["status"] == "UP"
    assert project.connect(started_backend)["readable_state"] == "Connected"
