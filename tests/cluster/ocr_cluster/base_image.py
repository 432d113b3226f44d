"""The base of the product's images: the public image if it can be pulled, else one built with debootstrap.

The second comes from the Debian mirror in apt's sources. `images` asks for the base before its first build.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from ocr_cluster import cache, debian
from ocr_cluster.engines import Build, Engine
from ocr_cluster.errors import ClusterError
from ocr_cluster.progress import say, step

# The suite of the public base image, so that both have the same Python and libraries.
_SUITE = "bookworm"
_PACKAGES = ("python3", "python3-venv", "ca-certificates")
_LOCAL_BASE = f"localhost/ocr-backend/base:{_SUITE}"
_PULL_SECONDS = 120


def arguments(engine: Engine, dockerfile: Path) -> dict[str, str]:
    """Build arguments that name the base; none if the Dockerfile's default can be pulled.

    Raises `ClusterError` if neither a registry nor a Debian mirror can be reached.
    """
    tarball = cache.images() / f"base-{_SUITE}.tar.gz"
    if not tarball.exists():
        if _pull(engine, public(dockerfile.read_text())):
            return {}
        _bootstrap(tarball)
    _import(engine, tarball)
    return {"BASE_IMAGE": _LOCAL_BASE}


def public(dockerfile: str) -> str:
    """The default base of a Dockerfile."""
    match = re.search(r"^ARG BASE_IMAGE=(\S+)$", dockerfile, re.MULTILINE)
    if not match:
        raise ClusterError("the Dockerfile needs a line 'ARG BASE_IMAGE=…' that names the public base image")
    return match[1]


def mirror(targets: str) -> str:
    """The first Debian mirror in lines of 'URI CODENAME ORIGIN'; empty if there is none.

    Suites with a dash (updates, security) are incomplete, and other origins are not Debian.
    """
    lines = [line.split() for line in targets.splitlines()]
    mirrors = [line[0] for line in lines if len(line) == 3 and line[2] == "Debian" and "-" not in line[1]]
    return mirrors[0] if mirrors else ""


def _pull(engine: Engine, reference: str) -> bool:
    with step(f"pulling {reference} with {engine.name}"):
        try:
            result = subprocess.run(
                engine.pull(reference), capture_output=True, text=True, timeout=_PULL_SECONDS
            )
        except subprocess.TimeoutExpired:
            result = None
    if not result or result.returncode:
        problem = result.stderr.strip() if result else f"no response in {_PULL_SECONDS} s"
        say(f"the registry cannot be used: {problem}")
        return False
    return True


def _bootstrap(tarball: Path) -> None:
    debian.ensure(["debootstrap"])
    address = mirror(_output("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(ORIGIN)"))
    if not address:
        raise ClusterError(
            "apt's sources name no Debian mirror; run `apt-get update`, or allow access to a registry"
        )
    scratch = Path(tempfile.mkdtemp(dir=cache.images()))
    try:
        with step(f"building a base image of {_SUITE} from {address}"):
            packages = f"--include={','.join(_PACKAGES)}"
            _output("debootstrap", "--variant=minbase", packages, _SUITE, str(scratch / "root"), address)
            _pack(scratch / "root", scratch / "base.tar.gz")
            (scratch / "base.tar.gz").rename(tarball)
    finally:
        shutil.rmtree(scratch)


def _pack(root: Path, tarball: Path) -> None:
    patterns = ["./var/cache/apt/*", "./var/lib/apt/lists/*", "./var/log/*", "./dev/*", "./proc/*", "./sys/*"]
    excluded = [f"--exclude={pattern}" for pattern in patterns]
    _output("tar", "--create", "--gzip", f"--file={tarball}", f"--directory={root}", *excluded, ".")


def _import(engine: Engine, tarball: Path) -> None:
    if subprocess.run(engine.find(_LOCAL_BASE), capture_output=True).returncode == 0:
        return
    with tempfile.TemporaryDirectory(dir=cache.images()) as scratch:
        folder = Path(scratch)
        (folder / "base.tar.gz").hardlink_to(tarball)
        (folder / "Dockerfile").write_text("FROM scratch\nADD base.tar.gz /\n")
        with step(f"importing the base image into {engine.name}"):
            _output(*engine.build(Build(_LOCAL_BASE, folder, folder / "Dockerfile")))


def _output(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        output = (result.stderr or result.stdout).strip()[-2000:]
        raise ClusterError(f"{' '.join(command)} failed: {output}")
    return result.stdout
