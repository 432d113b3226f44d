"""The locked requirements install elsewhere: on the other architecture, and on a machine with a GPU."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = [
    "backend/requirements-base.txt",
    "backend/requirements-cpu.txt",
    "backend/requirements.txt",
    "backend/requirements-builtin.txt",
    "backend/requirements-prelabel.txt",
    "operator/requirements.txt",
]
GLIBC = "manylinux_2_36"  # that of the images' Debian


def _run(*command: str | Path) -> None:
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
@pytest.mark.parametrize("lock", LOCKS)
def test_each_lock_has_wheels_for_the_architecture(lock: str, architecture: str, tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    options = ["--dry-run", "--no-deps", "--require-hashes", "--only-binary=:all:", f"--target={tmp_path}"]
    platform = ["--python-version=3.11", f"--python-platform={architecture}-{GLIBC}"]
    _run(uv, "pip", "install", *options, *platform, "-r", lock)


@pytest.mark.e2e
def test_pip_resolves_the_arguments_of_the_gpu_image(tmp_path: Path) -> None:
    [default] = re.findall(r'^ARG GPU_PACKAGES="(.*)"$', (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    arguments = default.replace("/opt/requirements/", "backend/").split()
    _run(sys.executable, "-m", "pip", "install", "--dry-run", f"--target={tmp_path}", *arguments)
