"""Installs missing Debian packages. Callers name them; this module does not know what they are for."""

import os
import shutil
import subprocess
from collections.abc import Iterable

from ocr_cluster import cache
from ocr_cluster.errors import ClusterError
from ocr_cluster.progress import step


def ensure(packages: Iterable[str]) -> None:
    """Installs those of the packages that are missing.

    Raises `ClusterError`, with the command to run, if it cannot install them.
    """
    names = sorted(set(packages))
    if not names:
        return
    if not shutil.which("apt-get") or not shutil.which("dpkg-query"):
        raise ClusterError(f"this is not Debian; install the contents of these packages: {' '.join(names)}")
    if missing := _missing(names):
        if os.geteuid() != 0:
            raise ClusterError(
                f"installing packages needs root; run: sudo apt-get install {' '.join(missing)}"
            )
        with cache.locked("debian"):  # apt fails while another apt runs
            _install(_missing(names))


def _missing(packages: Iterable[str]) -> list[str]:
    return [package for package in packages if not _is_installed(package)]


def _install(missing: list[str]) -> None:
    if not missing:  # another process has just installed them
        return
    with step(f"installing {' '.join(missing)}"):
        _apt("update", "-q")
        _apt("install", "-q", "-y", "--no-install-recommends", *missing)


def _is_installed(package: str) -> bool:
    result = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package], capture_output=True, text=True
    )
    return result.stdout == "installed"


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(["apt-get", *arguments], env=environment, capture_output=True, text=True)
    if result.returncode:
        raise ClusterError(f"apt-get {' '.join(arguments)} failed:\n{result.stderr.strip()}")
