"""The commands of the guide for an installation without Docker, with pip itself, then the server."""

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


def block(guide: Path, prefix: str) -> str:
    """The code block of the guide that starts with the prefix."""
    (text,) = [block.text for block in documents.blocks(guide) if block.text.startswith(prefix)]
    return text


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The part of a cloned repository that the backend needs, and a `python`."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "backend").symlink_to(ROOT / "backend")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(Path(sys.base_exec_prefix, "bin", "python3"))
    return folder


def test_the_commands_of_the_guide_install_and_start_the_backend(clone, guide, tmp_path, as_task, real_image):
    install = block(guide, "python -m venv") + block(guide, "pip install --no-deps")
    completed = subprocess.run(
        ["bash", "-ec", install],
        cwd=clone,
        env=_environment(clone),
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    start = f"cd {clone} && source ml-backend/bin/activate && exec {block(guide, 'python backend/')}"
    with backend_process(BUILTIN, tmp_path / "log", ["bash", "-ec", start]) as backend:
        body = as_task(real_image.read_bytes())
        (result,) = requests.post(f"{backend.url}/predict", json=body, timeout=60).json()["results"]
        environment = Path(f"/proc/{backend.process.pid}/environ").read_text().split("\0")
    assert result["result"][-1]["value"]["text"] == ["TEST"]
    assert f"VIRTUAL_ENV={clone}/ml-backend" in environment


def _environment(clone: Path) -> dict[str, str]:
    """The environment of a user with a `python`, without the variables of this project's environment."""
    removed = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    variables = {name: text for name, text in os.environ.items() if name not in removed}
    # Compiling all modules takes longer than installing them.
    pip = {"PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return variables | pip | {"PATH": f"{clone / 'bin'}:/usr/local/bin:/usr/bin:/bin"}
