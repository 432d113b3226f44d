"""What `docker-compose` and `docker` need to run here: podman out of Debian's packages, with its own storage.

Nothing of it is installed on the machine, and no container or image of the machine's own is seen. Knows
nothing of what is run; `tests/guide` puts `Tools.variables` into its environment.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ocr_cluster import debian, programs
from user_cache import Say, cache_folder, environment_from, made_once

_LOCK = Path(__file__).with_name("podman-compose-requirements.txt")
_PACKAGES = ("podman", "conmon", "netavark", "aardvark-dns", "golang-github-containers-common")
# What those link to and start; buildah brings the libraries and the policy for images.
_INSTALLED = ("buildah", "curl", "iptables")
_CLONE_NEWNET = 0x40000000
_SHIM = '#!/bin/sh\nexec "{program}" {options} "$@"\n'


@dataclass(frozen=True)
class Tools:
    """Where the programs are; `folder` is that of the run, with all that containers leave."""

    folder: Path
    unpacked: Path
    compose: Path

    @property
    def variables(self) -> dict[str, str]:
        """Environment in which `docker-compose`, `docker` and `podman` are those of this run."""
        path = f"{self.folder / 'bin'}:{self.unpacked / 'usr/bin'}:{os.environ['PATH']}"
        return {
            "PATH": path,
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
        }


def tools(folder: Path, say: Say, build_options: Sequence[str]) -> Tools:
    """The programs, with what they keep for this run below an existing folder; images outlive it.

    `build_options` are podman's, for each image that docker-compose builds. Needs root.
    """
    debian.ensure(_INSTALLED)
    unpacked = made_once(cache_folder() / "podman", _unpack)
    made = Tools(folder, unpacked, environment_from(_LOCK, say) / "bin" / "podman-compose")
    _write_configuration(made, programs.ensure(["runc"])["runc"])
    (folder / "bin").mkdir()
    given = f'--podman-build-args="{" ".join(build_options)}"'
    _write_shim(folder / "bin" / "docker-compose", made.compose, given)
    _write_shim(folder / "bin" / "docker", unpacked / "usr/bin/podman", "")
    return made


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


def _write_configuration(made: Tools, runc: Path) -> None:
    folder, unpacked = made.folder, made.unpacked
    images = cache_folder() / "podman-images"
    # Limits may not be raised on every machine, and neither systemd nor cgroup v2 is there on every one.
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
    """Moves this thread, and all that it starts, into a fresh network namespace until the end of the context.

    There `localhost` is nobody else's, every port is free, and nothing outside can be reached.
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
    libc = ctypes.CDLL(None, use_errno=True)  # os.setns is there from Python 3.12 on
    with network.open() as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {network}")
