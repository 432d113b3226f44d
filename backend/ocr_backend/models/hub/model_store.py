"""Downloaded models on a volume: published folders, folders without a valid manifest, and quarantine.

Only a folder with a manifest is trusted. A folder is renamed to its published name when all files of its
manifest are in it, so a process that is killed at any moment never leaves an incomplete model that others
read. Knows no hub; `model_download` fills the folders that this publishes.
"""

import logging
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ocr_backend.models import manifests, model_folder
from ocr_backend.models.hub import staging
from ocr_backend.models.hub.file_listing import Listing
from ocr_backend.models.model_errors import ModelError
from ocr_backend.models.model_folder import Model

logger = logging.getLogger(__name__)

PUBLISHED = "official_models"
"""Folder below the root that holds published models, as in PaddleX's own cache."""

QUARANTINE = ".untrusted"
"""Folder below the root for folders that have the name of a model and could not be verified."""

_MAX_IDLE_SECONDS = 86400.0  # after a day, files of a killed download are removed instead of reused


@dataclass(frozen=True)
class ModelRef:
    """An official model in one format, and its role."""

    role: str
    name: str
    model_format: str

    @property
    def folder_name(self) -> str:
        """Name of the model's folder in PaddleX's layout."""
        return model_folder.folder_name(self.name, self.model_format)


def published_folder(root: Path, name: str, model_format: str) -> Path:
    """The folder of a published model."""
    return root / PUBLISHED / model_folder.folder_name(name, model_format)


def verified_model(root: Path, ref: ModelRef) -> Model | None:
    """The published model, if every file has the content that its manifest lists; else None."""
    folder = published_folder(root, ref.name, ref.model_format)
    if not (folder / manifests.FILE_NAME).is_file():
        return None
    try:
        return model_folder.open_model(ref.role, ref.name, ref.model_format, folder)
    except ModelError as error:
        logger.warning("%s", error)
        return None


def unverified_folder(root: Path, name: str, model_format: str) -> Path | None:
    """A folder that may hold the model and was not downloaded by this program; None if there is none.

    PaddleX itself creates such folders: it copies into them, so it may have been killed half-way.
    """
    folder = model_folder.find_folder(root, name, model_format)
    has_manifest = folder is not None and (folder / manifests.FILE_NAME).is_file()
    return None if has_manifest and folder == published_folder(root, name, model_format) else folder


def required_bytes(root: Path, ref: ModelRef, listing: Listing) -> int:
    """Free space that a download needs; 0 if the model is published or the hub gives no size."""
    published = published_folder(root, ref.name, ref.model_format)
    if listing.size is None or (published / manifests.FILE_NAME).is_file():
        return 0
    # An archive is removed only after its files are extracted, which takes at least as much space again.
    size = listing.size * (2 if listing.is_archive else 1)
    try:
        reusable = staging.reusable_bytes(staging.staging_folder(root, ref.name, ref.model_format))
    except OSError:  # another process is working there, and needs the space itself
        return 0
    return max(size - reusable, 0)


def write_manifest(folder: Path, ref: ModelRef, digest: str, listing: Listing) -> None:
    """Writes the manifest: from now on the folder counts as complete, wherever it is."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != manifests.FILE_NAME)
    files = tuple(
        manifests.File(str(path.relative_to(folder)), path.stat().st_size, manifests.file_digest(path))
        for path in paths
    )
    manifest = manifests.Manifest(ref.name, ref.model_format, digest, listing.source, listing.revision, files)
    manifests.write(folder, manifest)


def publish(root: Path, ref: ModelRef, folder: Path) -> Model:
    """Renames the folder to its published name; if another process was faster, its model is used."""
    target = published_folder(root, ref.name, ref.model_format)
    try:
        quarantined = _quarantine(root, ref)
        folder.rename(target)
    except OSError:
        model = verified_model(root, ref)
        if model is None:
            raise
        logger.info("%s: another process has published it", ref.name)
        return model
    manifests.sync(target.parent)
    logger.info("%s: complete, published as %s", ref.name, target)
    if quarantined is not None and _contains_all(target, quarantined):
        shutil.rmtree(quarantined.parent, ignore_errors=True)
    return model_folder.open_model(ref.role, ref.name, ref.model_format, target)


def _quarantine(root: Path, ref: ModelRef) -> Path | None:
    """Moves a folder away that has the model's name and cannot be verified; returns its new path."""
    target = published_folder(root, ref.name, ref.model_format)
    if not target.exists() or verified_model(root, ref) is not None:
        return None
    moved = new_quarantine_folder(root, f"{target.name}-") / target.name
    target.rename(moved)
    logger.warning("%s has no valid %s: moved to %s", target, manifests.FILE_NAME, moved)
    return moved


def new_quarantine_folder(root: Path, prefix: str = "") -> Path:
    """A new, empty folder in the quarantine. Raises OSError if the volume is not writable."""
    (root / QUARANTINE).mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=root / QUARANTINE))


def _contains_all(folder: Path, other: Path) -> bool:
    """Whether a folder has all files of another one, with the same content."""
    files = [file for file in other.iterdir() if file.is_file() and file.name != manifests.FILE_NAME]
    return all(
        (folder / file.name).is_file()
        and manifests.file_digest(file) == manifests.file_digest(folder / file.name)
        for file in files
    )


def remove_stale_staging(root: Path) -> list[Path]:
    """Removes and returns staging folders of models that are published, or that nothing wrote to for a day.

    Does nothing on a volume that is not writable.
    """
    removed = []
    for folder in staging.staging_folders(root):
        is_stale = time.time() - folder.stat().st_mtime > _MAX_IDLE_SECONDS
        is_published = (root / PUBLISHED / folder.name / manifests.FILE_NAME).is_file()
        if (is_stale or is_published) and not staging.is_active(folder):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed
