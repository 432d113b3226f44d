"""What a folder of models holds that nobody needs, and taking it away.

Touches only what fetches brought: folders with a manifest, what arrived, what was put aside. `models prune`
calls it.
"""

import shutil
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ocr_backend.models import manifests
from ocr_backend.models.hub import lease_lock, model_store
from ocr_backend.models.model_errors import VolumeError


@dataclass(frozen=True)
class Unneeded:
    """Something that can go: why, and how many bytes it has."""

    path: Path
    why: str
    size: int


def unneeded(root: Path, kept: Collection[str]) -> list[Unneeded]:
    """All that can go if the models of these official names stay, in any form, and fetches under way too."""
    return [*_published(root, kept), *_left(root), *_aside(root)]


def _published(root: Path, kept: Collection[str]) -> Iterator[Unneeded]:
    for folder in _folders(root / model_store.PUBLISHED):
        try:
            manifest = manifests.of_folder(folder)
        except manifests.ManifestError:
            continue  # the next fetch looks at it; `models verify` tells of it
        if manifest is None or manifest.name in kept:
            continue
        if not lease_lock.is_claimed(model_store.staging(root, manifest.name, manifest.form)):
            yield Unneeded(folder, "a model that is not needed", _size(folder))


def _left(root: Path) -> Iterator[Unneeded]:
    for place in model_store.places_of_staging(root):
        if not lease_lock.is_claimed(place):
            yield Unneeded(place, "what a fetch left half-way", _size(place))


def _aside(root: Path) -> Iterator[Unneeded]:
    for folder in _folders(root / model_store.QUARANTINE):
        yield Unneeded(folder, "what could not be trusted", _size(folder))


def _folders(above: Path) -> list[Path]:
    return sorted(folder for folder in above.iterdir() if folder.is_dir()) if above.is_dir() else []


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def remove(root: Path, found: Unneeded) -> None:
    """Takes it away: a model loses its name first, so that nothing half-removed looks like one.

    Raises:
        VolumeError: the volume cannot be written.
    """
    try:
        if found.path.parent.name == model_store.PUBLISHED:
            aside = root / model_store.QUARANTINE
            aside.mkdir(exist_ok=True)
            moved = Path(tempfile.mkdtemp(dir=aside))
            found.path.rename(moved / found.path.name)
            shutil.rmtree(moved)
        else:
            shutil.rmtree(found.path)
    except OSError as error:
        raise VolumeError(f"{found.path} cannot be removed: {error.strerror}") from error
