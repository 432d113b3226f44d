"""The product's images: their targets, their inputs, and the build of those that changed.

Knows the Dockerfile's targets and inputs; `engines` knows the programs that build.
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
)
INPUTS: Mapping[str, Sequence[str]] = {
    "operator": (*_CODE, "operator/requirements.txt"),
    "backend-cpu": (*_BACKEND, "backend/requirements-cpu.txt"),
    "backend-paddle": (*_BACKEND, "backend/requirements-cpu.txt", "backend/requirements.txt"),
    "backend-gpu": (*_BACKEND, "backend/requirements-gpu.txt"),
}
_MAX_ARCHIVES = 1
# Another process may still load an archive that is no longer the newest.
_MIN_ARCHIVE_SECONDS = 600


@dataclass(frozen=True)
class Image:
    """A built image: its target in the Dockerfile, its name, and its archive."""

    target: str
    reference: str
    archive: Path

    @property
    def tag(self) -> str:
        """The tag of the reference: equal for equal inputs."""
        return self.reference.rpartition(":")[2]


def build(targets: Iterable[str] = TARGETS, arguments: Mapping[str, str] | None = None) -> list[Image]:
    """The images of the targets, in their order; builds those with changed inputs.

    `arguments` are build arguments of the Dockerfile. Raises `ClusterError` if a build fails; the message
    names the log file with the build's output.
    """
    result = [_image(target, arguments or {}) for target in targets]
    with cache.locked("images"):
        if missing := [image for image in result if not image.archive.exists()]:
            engine = engines.usable()
            build_arguments = _with_base(engine, arguments)
            for image in missing:
                _build(engine, image, _product_build(image.reference, image.target, build_arguments))
            for image in result:
                image.archive.touch()
                _prune(engine, image)
    return result


def build_other(
    name: str, version: str, dockerfile: Path, context: Callable[[], AbstractContextManager[Path]]
) -> Image:
    """An image that is not the product's; builds it if there is none of this version.

    `context` provides the folder to build from. The Dockerfile gets BASE_IMAGE, the base of the product's
    images. Raises `ClusterError` as `build` does.
    """
    image = Image(name, _reference(name, version, REGISTRY), _archive(name, version))
    with cache.locked("images"):
        if not image.archive.exists():
            engine = engines.usable()
            public = base_image.public((ROOT / "Dockerfile").read_text())
            base = {"BASE_IMAGE": public} | base_image.arguments(engine, ROOT / "Dockerfile")
            with context() as folder:
                _build(engine, image, Build(image.reference, folder, dockerfile, arguments=base))
            image.archive.touch()
            _prune(engine, image)
    return image


def build_as(
    name: str, target: str, arguments: Mapping[str, str] | None = None, *, push: bool = False
) -> None:
    """Builds one target under this name; `push`: also pushes it to the registry in the name.

    Raises `ClusterError` as `build` does.
    """
    _check_target(target)
    with cache.locked("images"):
        engine = engines.usable()
        build_arguments = _with_base(engine, arguments)
        log = cache.images() / f"{target}-as.log"
        with step(f"building {name} with {engine.name}"):
            _run(engine.build(_product_build(name, target, build_arguments)), log)
        if push:
            with step(f"pushing {name}"):
                _run(engine.push(name), log)


def _with_base(engine: Engine, arguments: Mapping[str, str] | None) -> dict[str, str]:
    return {**base_image.arguments(engine, ROOT / "Dockerfile"), **(arguments or {})}


def _check_target(target: str) -> None:
    if target not in INPUTS:
        raise ClusterError(f"unknown image {target!r}; known: {', '.join(INPUTS)}")


def tag(target: str, arguments: Mapping[str, str] | None = None) -> str:
    """Twelve hex digits that change with every input of the image, except the base image."""
    _check_target(target)
    encoded = {f"--build-arg {name}": value.encode() for name, value in (arguments or {}).items()}
    return key({**contents(target), **encoded})


def references(registry: str = REGISTRY, targets: Iterable[str] = TARGETS) -> list[str]:
    """Names of this tree's images in a registry. Builds nothing."""
    return [_reference(target, tag(target), registry) for target in targets]


def contents(target: str) -> dict[str, bytes]:
    """Every input file of the image and the Dockerfile, by path in the checkout."""
    files = [path for name in INPUTS[target] for path in _files(ROOT / name)]
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in files}


def key(contents: Mapping[str, bytes]) -> str:
    """Twelve hex digits that identify names and contents, in any order."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(f"{name}\0{len(contents[name])}\0".encode() + contents[name])
    return digest.hexdigest()[:12]


def _image(target: str, arguments: Mapping[str, str]) -> Image:
    version = tag(target, arguments)
    return Image(target, _reference(target, version, REGISTRY), _archive(target, version))


def _archive(name: str, version: str) -> Path:
    return cache.images() / f"{name}-{version}.tar"


def _product_build(reference: str, target: str, arguments: Mapping[str, str]) -> Build:
    return Build(reference, ROOT, ROOT / "Dockerfile", target, arguments, certificates=_certificates())


def _reference(target: str, version: str, registry: str) -> str:
    return f"{registry}/ocr-backend/{target}:{version}"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    if not path.exists():
        raise ClusterError(f"{path} is missing, but the images need it")
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
    """The machine's certificate bundle, for builds in networks that terminate TLS."""
    path = Path(os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt")
    return path if path.exists() else None


def _run(command: Sequence[str], log: Path) -> None:
    with log.open("ab") as file:
        result = subprocess.run(command, stdout=file, stderr=file)
    if result.returncode:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise ClusterError(f"{' '.join(command)} failed, see {log}:\n{last}")


def _prune(engine: Engine, image: Image) -> None:
    """Removes archives of the target that were not used recently, and their images in the builder."""
    archives = sorted(cache.images().glob(f"{image.target}-*.tar"), key=_last_use)
    for archive in archives[:-_MAX_ARCHIVES]:
        if time.time() - _last_use(archive) < _MIN_ARCHIVE_SECONDS:
            return
        version = archive.stem.removeprefix(f"{image.target}-")
        reference = _reference(image.target, version, REGISTRY)
        # The image may not exist any more; what takes space is the archive.
        subprocess.run(engine.remove(reference), capture_output=True)
        archive.with_suffix(".log").unlink(missing_ok=True)
        archive.unlink()


def _last_use(archive: Path) -> float:
    """When `build` last returned the archive, in seconds since the epoch: it touches the file."""
    return archive.stat().st_mtime
