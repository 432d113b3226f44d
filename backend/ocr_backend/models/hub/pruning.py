"""Finds and removes what a model folder holds that no settings require.

Touches only what downloads created: folders with a manifest, staging folders and the quarantine. `models
prune` calls it.
"""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ocr_backend.models import manifests
from ocr_backend.models.hub import model_store, staging
from ocr_backend.models.model_errors import VolumeError


@dataclass(frozen=True)
class UnneededFolder:
    """A folder that can be removed, the reason, and its bytes."""

    path: Path
    reason: str
    size: int


def find_unneeded(root: Path, required_names: Collection[str]) -> list[UnneededFolder]:
    """All folders that can be removed; models with these official names and active downloads stay."""
    return [*_unneeded_models(root, required_names), *_abandoned_downloads(root), *_quarantined(root)]


def _unneeded_models(root: Path, required_names: Collection[str]) -> Iterator[UnneededFolder]:
    for folder in _subfolders(root / model_store.PUBLISHED):
        manifest = _manifest(folder)
        if manifest is None or manifest.name in required_names:
            continue
        if not staging.is_active(staging.staging_folder(root, manifest.name, manifest.model_format)):
            yield UnneededFolder(folder, "model that is not needed", _size(folder))


def _manifest(folder: Path) -> manifests.Manifest | None:
    """The manifest; None without a valid one: the next download replaces such a folder."""
    try:
        return manifests.read(folder)
    except manifests.ManifestError:
        return None


def _abandoned_downloads(root: Path) -> Iterator[UnneededFolder]:
    for folder in staging.staging_folders(root):
        if not staging.is_active(folder):
            yield UnneededFolder(folder, "incomplete download", _size(folder))


def _quarantined(root: Path) -> Iterator[UnneededFolder]:
    for folder in _subfolders(root / model_store.QUARANTINE):
        yield UnneededFolder(folder, "folder that could not be verified", _size(folder))


def _subfolders(parent: Path) -> list[Path]:
    return sorted(folder for folder in parent.iterdir() if folder.is_dir()) if parent.is_dir() else []


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def remove(root: Path, unneeded: UnneededFolder) -> None:
    """Removes the folder. A published model is renamed first, so that no incomplete one has a model's name.

    Raises:
        VolumeError: the volume is not writable.
    """
    try:
        if unneeded.path.parent.name == model_store.PUBLISHED:
            folder = model_store.new_quarantine_folder(root)
            unneeded.path.rename(folder / unneeded.path.name)
        else:
            folder = unneeded.path
        shutil.rmtree(folder)
    except OSError as error:
        raise VolumeError(f"{unneeded.path} cannot be removed: {error.strerror}") from error
