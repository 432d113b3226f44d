"""The product's images: which there are, what they are made of, and building those that changed.

Knows the Dockerfile's targets and inputs; which program builds them stands in `engines`.
"""

import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ocr_cluster import base_image, cache, engines
from ocr_cluster.engines import Build, Engine
from ocr_cluster.errors import ClusterError
from ocr_cluster.progress import step

ROOT = Path(__file__).parents[3]
REGISTRY = "localhost"
TARGETS = ("operator", "backend-cpu")

_CODE = (
    "Dockerfile",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "requirements-dev.txt",
    "backend/ocr_backend",
    "operator/ocr_operator",
)
_BACKEND = (
    *_CODE,
    "backend/requirements-base.txt",
    "backend/requirements-builtin.txt",
    "backend/requirements-prelabel.txt",
    "backend/requirements.txt",
)
INPUTS: Mapping[str, Sequence[str]] = {
    "operator": (*_CODE, "operator/requirements.txt"),
    "backend-cpu": _BACKEND,
    "backend-gpu": _BACKEND,
}
_KEPT_ARCHIVES = 1
# Somebody else may just be loading an archive that is not the newest any more.
_KEPT_SECONDS = 600


@dataclass(frozen=True)
class Image:
    """A built image: its target in the Dockerfile, its name, and the archive that holds it."""

    target: str
    reference: str
    archive: Path

    @property
    def tag(self) -> str:
        """The last part of the name: equal for equal inputs."""
        return self.reference.rpartition(":")[2]


def build(targets: Iterable[str] = TARGETS, arguments: Mapping[str, str] | None = None) -> list[Image]:
    """The images of the targets, in their order, after building those whose inputs have changed.

    `arguments` are build arguments of the Dockerfile. Raises `ClusterError` when a build fails; its whole
    output is then in a log file that the message names.
    """
    wanted = [_image(target, arguments or {}) for target in targets]
    with cache.locked("images"):
        if missing := [image for image in wanted if not image.archive.exists()]:
            engine = engines.usable()
            given = {**base_image.arguments(engine, ROOT / "Dockerfile"), **(arguments or {})}
            for image in missing:
                _build(engine, image, _of_product(image.reference, image.target, given))
            for image in wanted:
                image.archive.touch()
                _prune(engine, image)
    return wanted


def build_other(
    name: str, version: str, dockerfile: Path, filled: Callable[[], AbstractContextManager[Path]]
) -> Image:
    """An image that is none of the product's, after building it where there is none of that version.

    `filled` gives the folder to build from. The Dockerfile gets BASE_IMAGE, the product's own base. Raises
    `ClusterError` as `build` does.
    """
    image = Image(name, _reference(name, version, REGISTRY), _archive(name, version))
    with cache.locked("images"):
        if not image.archive.exists():
            engine = engines.usable()
            public = base_image.public((ROOT / "Dockerfile").read_text())
            base = {"BASE_IMAGE": public} | base_image.arguments(engine, ROOT / "Dockerfile")
            with filled() as folder:
                _build(engine, image, Build(image.reference, folder, dockerfile, arguments=base))
            image.archive.touch()
            _prune(engine, image)
    return image


def build_as(
    name: str, target: str, arguments: Mapping[str, str] | None = None, *, push: bool = False
) -> None:
    """Builds one target under a name that others have chosen; `push`: sends it to the registry in that name.

    Raises `ClusterError` as `build` does.
    """
    known(target)
    with cache.locked("images"):
        engine = engines.usable()
        given = {**base_image.arguments(engine, ROOT / "Dockerfile"), **(arguments or {})}
        log = cache.images() / f"{target}-as.log"
        with step(f"building {name} with {engine.name}"):
            _run(engine.build(_of_product(name, target, given)), log)
        if push:
            with step(f"pushing {name}"):
                _run(engine.push(name), log)


def known(target: str) -> str:
    """The target; `ClusterError` if the Dockerfile has no such one."""
    if target not in INPUTS:
        raise ClusterError(f"image {target!r} is not known; known: {', '.join(INPUTS)}")
    return target


def tag(target: str, arguments: Mapping[str, str] | None = None) -> str:
    """Twelve hex digits that change with anything that goes into the image, but for the base image."""
    known(target)
    given = {f"--build-arg {name}": value.encode() for name, value in (arguments or {}).items()}
    return key({**contents(target), **given})


def references(registry: str = REGISTRY, targets: Iterable[str] = TARGETS) -> list[str]:
    """Names of the images as this tree makes them, in that registry. Builds nothing."""
    return [_reference(target, tag(target), registry) for target in targets]


def contents(target: str) -> dict[str, bytes]:
    """Every file that goes into the image, by its path in the checkout, and the Dockerfile."""
    files = [path for name in INPUTS[target] for path in _files(ROOT / name)]
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in files}


def key(contents: Mapping[str, bytes]) -> str:
    """Twelve hex digits of names and contents, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(f"{name}\0{len(contents[name])}\0".encode() + contents[name])
    return digest.hexdigest()[:12]


def _image(target: str, arguments: Mapping[str, str]) -> Image:
    version = tag(target, arguments)
    return Image(target, _reference(target, version, REGISTRY), _archive(target, version))


def _archive(name: str, version: str) -> Path:
    return cache.images() / f"{name}-{version}.tar"


def _of_product(reference: str, target: str, arguments: Mapping[str, str]) -> Build:
    return Build(reference, ROOT, ROOT / "Dockerfile", target, arguments, certificates=_certificates())


def _reference(target: str, version: str, registry: str) -> str:
    return f"{registry}/ocr-backend/{target}:{version}"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    if not path.exists():
        raise ClusterError(f"{path} is missing, and goes into the images")
    return [path]


def _build(engine: Engine, image: Image, build: Build) -> None:
    with step(f"building {image.reference} with {engine.name}"):
        _run(engine.build(build), image.archive.with_suffix(".log"))
    scratch = image.archive.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    with step(f"saving {image.archive.name}"):
        _run(engine.save(image.reference, scratch), image.archive.with_suffix(".log"))
        scratch.rename(image.archive)


def _certificates() -> Path | None:
    """The machine's own certificate bundle, for builds behind a network that ends TLS itself."""
    path = Path(os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt")
    return path if path.exists() else None


def _run(command: Sequence[str], log: Path) -> None:
    with log.open("ab") as file:
        done = subprocess.run(command, stdout=file, stderr=file)
    if done.returncode:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise ClusterError(f"{' '.join(command)} failed, see {log}:\n{last}")


def _prune(engine: Engine, image: Image) -> None:
    """Removes archives of the target that were not used lately, and the builder's images they came from."""
    archives = sorted(cache.images().glob(f"{image.target}-*.tar"), key=_used)
    for archive in archives[:-_KEPT_ARCHIVES]:
        if time.time() - _used(archive) < _KEPT_SECONDS:
            return
        version = archive.stem.removeprefix(f"{image.target}-")
        reference = _reference(image.target, version, REGISTRY)
        # It may be gone already; the archive is what takes the room.
        subprocess.run(engine.remove(reference), capture_output=True)
        archive.with_suffix(".log").unlink(missing_ok=True)
        archive.unlink()


def _used(archive: Path) -> float:
    """When the archive was last asked for, in seconds since the epoch: `build` touches what it gives out."""
    return archive.stat().st_mtime
