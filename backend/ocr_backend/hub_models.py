"""Official models from PaddleOCR's hubs, in a folder that keeps them: fetched once, whole or not at all.

PaddleX does the download, in a process of its own, since it must be told where before it is imported.
`engines` calls `fetched`, as may whoever fills a volume. Models that are there are used without network.
"""

import fcntl
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ocr_backend import catalog, models
from ocr_backend.models import Model, ModelError
from ocr_backend.settings import Settings

logger = logging.getLogger(__name__)

STAGING = ".fetch-"
"""Beginning of the names of folders in which models arrive."""

_LOCK = ".lock"


@dataclass(frozen=True)
class Hub:
    """Which hub is asked first, a mirror in place of Hugging Face ("" = none), and the forms it has."""

    name: str
    mirror: str
    forms: tuple[str, ...]

    @classmethod
    def of(cls, settings: Settings) -> "Hub":
        """The hub that the settings name, with the forms of their generation."""
        return cls(settings.model_hub, settings.model_mirror, catalog.package_forms(settings.generation))


def fetched(root: Path, names: Mapping[str, str], forms: Sequence[str], hub: Hub) -> dict[str, Model]:
    """The named models below `root`, all in one of the forms; what is missing is downloaded first.

    Raises:
        ModelError: no hub has them in a wanted form, a download failed, or a folder is broken.
    """
    if any(_has_all(root, names, form) for form in forms):
        return models.in_folder(root, names, forms)
    form = next((form for form in forms if form in hub.forms), None)
    if form is None:
        raise ModelError(
            f"the hubs have {', '.join(names.values())} in {' and '.join(hub.forms)} form only, "
            "which nothing installed here can run; install paddlepaddle"
        )
    with _only_one(root):
        missing = {part: name for part, name in names.items() if models.located(root, name, form) is None}
        if missing:
            _fetch(root, missing, form, hub)
    return models.in_folder(root, names, [form])


def _has_all(root: Path, names: Mapping[str, str], form: str) -> bool:
    return all(models.located(root, name, form) for name in names.values())


@contextmanager
def _only_one(root: Path) -> Iterator[None]:
    """Keeps other processes on this machine from fetching into `root`; they wait, then find it filled."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / _LOCK).open("w")
    except OSError as error:
        raise ModelError(
            f"no models can be kept in MODEL_DIR={root}: {error.strerror}; set MODEL_DIR to a folder that "
            "can be written, or put them there and set OCR_MODEL_SOURCE=dir"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in root.glob(f"{STAGING}*"):  # by a process that was killed; nobody else works here now
            shutil.rmtree(left, ignore_errors=True)
        yield


def is_fetching(root: Path) -> bool:
    """Whether a process on this machine is fetching into `root` at this moment."""
    try:
        with (root / _LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _fetch(root: Path, names: Mapping[str, str], form: str, hub: Hub) -> None:
    """Downloads beside the others, looks whether each is whole, and only then gives it its name."""
    logger.info("%s: downloading into %s", ", ".join(names.values()), root)
    # On the same volume: a rename is all or nothing, a copy from the system's temporary folder is not.
    with tempfile.TemporaryDirectory(prefix=STAGING, dir=root, ignore_cleanup_errors=True) as staging:
        _download(Path(staging), list(names.values()), form, hub)
        for part, name in names.items():
            arrived = Path(staging) / "official_models" / models.package(name, form)
            try:
                models.opened(part, name, form, arrived)
            except ModelError as error:
                raise ModelError(f"what the hub gave for {name} is of no use: {error}") from error
            target = root / "official_models" / arrived.name
            target.parent.mkdir(exist_ok=True)
            arrived.rename(target)


def _download(staging: Path, names: Sequence[str], form: str, hub: Hub) -> None:
    own = {"PADDLE_PDX_CACHE_HOME": str(staging), "PADDLE_PDX_MODEL_SOURCE": hub.name, "TMPDIR": str(staging)}
    if hub.mirror:
        own["PADDLE_PDX_HUGGING_FACE_ENDPOINT"] = hub.mirror
    command = [sys.executable, "-m", "ocr_backend.hub_download", form, *names]
    answer = subprocess.run(
        command, env={**os.environ, **own}, stdout=subprocess.PIPE, text=True, check=False
    )
    if answer.returncode != 0:
        raise ModelError(
            f"the models {', '.join(names)} are not in MODEL_DIR and cannot be downloaded from "
            f"{hub.mirror or hub.name} or the other hubs ({answer.stdout.strip() or 'see the log above'}); "
            "let this machine reach a hub, name a mirror in OCR_MODEL_MIRROR, or put the official folders "
            "into MODEL_DIR and set OCR_MODEL_SOURCE=dir"
        )
