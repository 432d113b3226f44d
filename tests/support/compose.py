"""`docker-compose` and `docker` for tests: podman from Debian's packages, with separate storage.

Nothing is installed on the machine, and the machine's containers and images are not visible. Knows nothing
about what is run; `tests/guide` uses `Tools.variables` as its environment.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ocr_cluster import debian, programs
from user_cache import Say, cache_folder, created_once, environment_from

_LOCK = Path(__file__).with_name("podman-compose-requirements.txt")
_PACKAGES = ("podman", "conmon", "netavark", "aardvark-dns", "golang-github-containers-common")
# Libraries and programs that these need; buildah's package contains the libraries and the policy for images.
_INSTALLED = ("buildah", "curl", "iptables")
_CLONE_NEWNET = 0x40000000
_SHIM = '#!/bin/sh\nexec "{program}" {options} "$@"\n'


@dataclass(frozen=True)
class Tools:
    """The paths of the programs; `folder` is the run's, with all files of containers."""

    folder: Path
    unpacked: Path
    compose: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment with the `docker-compose`, `docker` and `podman` of this run."""
        path = f"{self.folder / 'bin'}:{self.unpacked / 'usr/bin'}:{os.environ['PATH']}"
        return {
            "PATH": path,
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
        }


def tools(folder: Path, say: Say, build_options: Sequence[str]) -> Tools:
    """The programs, with this run's files in an existing folder; images remain for later runs.

    `build_options` are podman's options for each image that docker-compose builds. Needs root.
    """
    debian.ensure(_INSTALLED)
    unpacked = created_once(cache_folder() / "podman", _unpack)
    result = Tools(folder, unpacked, environment_from(_LOCK, say) / "bin" / "podman-compose")
    _write_configuration(result, programs.ensure(["runc"])["runc"])
    (folder / "bin").mkdir()
    option = f'--podman-build-args="{" ".join(build_options)}"'
    _write_shim(folder / "bin" / "docker-compose", result.compose, option)
    _write_shim(folder / "bin" / "docker", unpacked / "usr/bin/podman", "")
    return result


def _unpack(folder: Path) -> None:
    debs = folder / "packages"
    debs.mkdir()
    subprocess.run(["apt-get", "update", "-q"], check=True, capture_output=True)
    subprocess.run(["apt-get", "download", *_PACKAGES], cwd=debs, check=True, capture_output=True)
    for package in debs.iterdir():
        subprocess.run(["dpkg", "--extract", package, folder], check=True)
        package.unlink()


def _write_shim(file: Path, program: Path, options: str) -> None:
    file.write_text(_SHIM.format(program=program, options=options))
    file.chmod(0o755)


def _write_configuration(tools: Tools, runc: Path) -> None:
    folder, unpacked = tools.folder, tools.unpacked
    images = cache_folder() / "podman-images"
    # Some machines do not allow higher limits, and some have neither systemd nor cgroup version 2.
    (folder / "containers.conf").write_text(f"""
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
seccomp_profile = "{unpacked}/usr/share/containers/seccomp.json"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
conmon_path = ["{unpacked}/usr/bin/conmon"]
helper_binaries_dir = ["{unpacked}/usr/lib/podman"]
tmp_dir = "{folder}/tmp"
static_dir = "{folder}/static"
volume_path = "{folder}/volumes"
[engine.runtimes]
runc = ["{runc}"]
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
""")
    (folder / "storage.conf").write_text(f"""
[storage]
driver = "overlay"
graphroot = "{images}"
runroot = "{folder}/run"
""")


@contextmanager
def own_network(name: str) -> Iterator[None]:
    """Moves this thread and its child processes into a new network namespace until the end of the context.

    In it, `localhost` is private, every port is free, and no other machine can be reached.
    """
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        with Path("/proc/thread-self/ns/net").open() as before:
            _enter(Path("/run/netns", name))
            try:
                yield
            finally:
                _enter(Path(f"/proc/self/fd/{before.fileno()}"))
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def _enter(network: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)  # os.setns is new in Python 3.12
    with network.open() as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {network}")
