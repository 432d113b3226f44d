"""The image that the product's images stand on: the public one where it can be pulled, else a home-made one.

That one comes from the Debian mirror in apt's sources. `images` asks before the first build.
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
_MADE = f"localhost/ocr-backend/base:{_SUITE}"
_PULL_SECONDS = 120


def arguments(engine: Engine, dockerfile: Path) -> dict[str, str]:
    """Build arguments that name the base; none when the Dockerfile's own can be pulled.

    Raises `ClusterError` when there is neither a registry nor a Debian mirror.
    """
    tarball = cache.images() / f"base-{_SUITE}.tar.gz"
    if not tarball.exists():
        if _pulled(engine, public(dockerfile.read_text())):
            return {}
        _make(tarball)
    _import(engine, tarball)
    return {"BASE_IMAGE": _MADE}


def public(dockerfile: str) -> str:
    """The base that a Dockerfile names itself."""
    found = re.search(r"^ARG BASE_IMAGE=(\S+)$", dockerfile, re.MULTILINE)
    if not found:
        raise ClusterError("the Dockerfile has no line 'ARG BASE_IMAGE=…', which names the public base image")
    return found[1]


def mirror(targets: str) -> str:
    """First Debian mirror in a list of lines 'URI CODENAME ORIGIN'; empty when there is none.

    Suites with a dash (updates, security) are no whole Debian, and other origins none at all.
    """
    lines = [line.split() for line in targets.splitlines()]
    mirrors = [line[0] for line in lines if len(line) == 3 and line[2] == "Debian" and "-" not in line[1]]
    return mirrors[0] if mirrors else ""


def _pulled(engine: Engine, reference: str) -> bool:
    with step(f"pulling {reference} with {engine.name}"):
        try:
            done = subprocess.run(
                engine.pull(reference), capture_output=True, text=True, timeout=_PULL_SECONDS
            )
        except subprocess.TimeoutExpired:
            done = None
    if not done or done.returncode:
        say(f"no registry: {done.stderr.strip() if done else f'no answer in {_PULL_SECONDS} s'}")
        return False
    return True


def _make(tarball: Path) -> None:
    debian.ensure(["debootstrap"])
    address = mirror(_output("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(ORIGIN)"))
    if not address:
        raise ClusterError("apt's sources name no Debian mirror; run apt-get update, or allow a registry")
    scratch = Path(tempfile.mkdtemp(dir=cache.images()))
    try:
        with step(f"making a base image of {_SUITE} from {address}"):
            packages = f"--include={','.join(_PACKAGES)}"
            _output("debootstrap", "--variant=minbase", packages, _SUITE, str(scratch / "root"), address)
            _pack(scratch / "root", scratch / "base.tar.gz")
            (scratch / "base.tar.gz").rename(tarball)
    finally:
        shutil.rmtree(scratch)


def _pack(root: Path, tarball: Path) -> None:
    left_out = ["./var/cache/apt/*", "./var/lib/apt/lists/*", "./var/log/*", "./dev/*", "./proc/*", "./sys/*"]
    excluded = [f"--exclude={pattern}" for pattern in left_out]
    _output("tar", "--create", "--gzip", f"--file={tarball}", f"--directory={root}", *excluded, ".")


def _import(engine: Engine, tarball: Path) -> None:
    if subprocess.run(engine.find(_MADE), capture_output=True).returncode == 0:
        return
    with tempfile.TemporaryDirectory(dir=cache.images()) as scratch:
        folder = Path(scratch)
        (folder / "base.tar.gz").hardlink_to(tarball)
        (folder / "Dockerfile").write_text("FROM scratch\nADD base.tar.gz /\n")
        with step(f"importing the base image into {engine.name}"):
            _output(*engine.build(Build(_MADE, folder, folder / "Dockerfile")))


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout
