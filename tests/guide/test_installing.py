"""The guide's way without Docker, as it is written there: pip in a fresh environment, then the server."""

import os
import subprocess
from pathlib import Path

import pytest
import requests

import documents
from backend_process import BUILTIN, backend_process

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]


def block(guide: Path, starts: str) -> str:
    (found,) = [block.text for block in documents.blocks(guide) if block.text.startswith(starts)]
    return found


@pytest.fixture(scope="module")
def cloned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a person has after cloning the repository, as far as the backend goes."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "backend").symlink_to(ROOT / "backend")
    return folder


def test_the_guides_lines_install_and_start_the_backend(cloned, guide, tmp_path, as_task, real_picture):
    install = block(guide, "python -m venv") + block(guide, "pip install --no-deps")
    # Where there is no `python`, or another, the guide's reader would have to bring this one.
    done = subprocess.run(
        ["bash", "-ec", install], cwd=cloned, env=_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    start = f"cd {cloned} && source ml-backend/bin/activate && exec {block(guide, 'python backend/')}"
    with backend_process(BUILTIN, tmp_path / "log", ["bash", "-ec", start]) as backend:
        body = as_task(real_picture.read_bytes())
        (result,) = requests.post(f"{backend.url}/predict", json=body, timeout=60).json()["results"]
        interpreter = Path(f"/proc/{backend.process.pid}/cmdline").read_text().split("\0")[0]
    assert result["result"][-1]["value"]["text"] == ["TEST"]
    assert interpreter == "python"


def _environment() -> dict[str, str]:
    """Without this project's own environment, in which everything is installed already."""
    left_out = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    path = [part for part in os.environ["PATH"].split(":") if ".venv" not in part]
    return {name: text for name, text in os.environ.items() if name not in left_out} | {
        "PATH": ":".join(path)
    }
