"""`label-studio-ml start`, as the guide has it, starts the backend; the program is the one of PyPI."""

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
SECONDS_TO_START = 60


@pytest.fixture
def started(settings: dict[str, str], tmp_path: Path, say: Callable[[str], None]) -> Iterator[str]:
    """The backend's URL; `label-studio-ml` takes whichever `python` comes first in the path."""
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
        SECONDS_TO_START,
    ):
        yield url


def test_label_studio_ml_starts_the_backend(started: str, project: Project) -> None:
    assert requests.get(f"{started}/health", timeout=5).json()["status"] == "UP"
    assert project.connect(started)["readable_state"] == "Connected"
