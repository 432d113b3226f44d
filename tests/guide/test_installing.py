"""The guide's way without Docker, as it is written there: a fresh environment, then the server.

uv takes the place of pip, which takes minutes for the same locked packages.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import documents
from backend_process import BUILTIN, backend_process

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
UV_AS_PIP = f'pip() {{ "{Path(sys.executable).with_name("uv")}" pip "$@"; }}\n'


def block(guide: Path, starts: str) -> str:
    (found,) = [block.text for block in documents.blocks(guide) if block.text.startswith(starts)]
    return found


@pytest.fixture(scope="module")
def cloned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a person has after cloning the repository, as far as the backend goes."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "backend").symlink_to(ROOT / "backend")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(Path(sys.base_exec_prefix, "bin", "python3"))
    return folder


def test_the_guides_lines_install_and_start_the_backend(cloned, guide, tmp_path, as_task, real_image):
    install = UV_AS_PIP + block(guide, "python -m venv") + block(guide, "pip install --no-deps")
    done = subprocess.run(
        ["bash", "-ec", install],
        cwd=cloned,
        env=_environment(cloned),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    start = f"cd {cloned} && source ml-backend/bin/activate && exec {block(guide, 'python backend/')}"
    with backend_process(BUILTIN, tmp_path / "log", ["bash", "-ec", start]) as backend:
        body = as_task(real_image.read_bytes())
        (result,) = requests.post(f"{backend.url}/predict", json=body, timeout=60).json()["results"]
        environment = Path(f"/proc/{backend.process.pid}/environ").read_text().split("\0")
    assert result["result"][-1]["value"]["text"] == ["TEST"]
    assert f"VIRTUAL_ENV={cloned}/ml-backend" in environment


def _environment(cloned: Path) -> dict[str, str]:
    """That of somebody who has a `python`, and nothing of this project's own environment."""
    left_out = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    kept = {name: text for name, text in os.environ.items() if name not in left_out}
    return kept | {"PATH": f"{cloned / 'bin'}:/usr/local/bin:/usr/bin:/bin"}
