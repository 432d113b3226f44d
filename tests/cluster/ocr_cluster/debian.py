"""Installs Debian packages that are missing. Must not know what they are for; callers name them."""

import os
import shutil
import subprocess
from collections.abc import Iterable

from ocr_cluster import cache
from ocr_cluster.errors import ClusterError
from ocr_cluster.progress import step


def ensure(packages: Iterable[str]) -> None:
    """Makes sure that the packages are installed; asks apt only for what is missing.

    Raises `ClusterError` with the command to run when this cannot be done from here.
    """
    wanted = sorted(set(packages))
    if not wanted:
        return
    if not shutil.which("apt-get") or not shutil.which("dpkg-query"):
        raise ClusterError(f"this is no Debian machine; install what these packages hold: {' '.join(wanted)}")
    if missing := _missing(wanted):
        if os.geteuid() != 0:
            raise ClusterError(f"not root; first run: sudo apt-get install {' '.join(missing)}")
        with cache.locked("debian"):  # apt fails where another apt runs
            _install(_missing(wanted))


def _missing(packages: Iterable[str]) -> list[str]:
    return [package for package in packages if not _is_installed(package)]


def _install(missing: list[str]) -> None:
    if not missing:  # another process has installed them meanwhile
        return
    with step(f"installing {' '.join(missing)}"):
        _apt("update", "-q")
        _apt("install", "-q", "-y", "--no-install-recommends", *missing)


def _is_installed(package: str) -> bool:
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package], capture_output=True, text=True
    )
    return asked.stdout == "installed"


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(["apt-get", *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(f"apt-get {' '.join(arguments)} failed:\n{done.stderr.strip()}")
