"""Where fetched models are kept on a volume: how one arrives, is published and trusted, and what goes.

Only a folder with a manifest is trusted, and a folder gets its name, by a rename, when all that its manifest
lists is in it. So nothing that is killed, at any moment, leaves half a model that somebody reads. Knows no
hub; `hub_models` fills what this publishes.
"""

import logging
import shutil
import tempfile
import time
from pathlib import Path

from ocr_backend.models import manifests, model_folder
from ocr_backend.models.hub import lease_lock
from ocr_backend.models.hub.file_listing import Listing
from ocr_backend.models.hub.resumable_download import PART
from ocr_backend.models.model_errors import ModelError
from ocr_backend.models.model_folder import Model

logger = logging.getLogger(__name__)

PUBLISHED = "official_models"
"""Folder below the root in which models get their names, as PaddleX's own cache has it."""

STAGING = ".fetching"
"""Folder below the root in which models arrive: one folder for each model, in it one for each process."""

QUARANTINE = ".untrusted"
"""Folder below the root with what had the name of a model and could not be trusted."""

_KEPT_SECONDS = 86400.0  # what a killed fetch left is gone on with so long, by whoever wants the same model


def published(root: Path, name: str, form: str) -> Path:
    """The folder of a model that was fetched."""
    return root / PUBLISHED / model_folder.package(name, form)


def staging(root: Path, name: str, form: str) -> Path:
    """The place at which a model arrives; `claims` tells whether somebody works there."""
    return root / STAGING / model_folder.package(name, form)


def trusted(root: Path, part: str, name: str, form: str) -> Model | None:
    """The model that was fetched in a form, to the last byte as its manifest says; None if there is none."""
    folder = published(root, name, form)
    if not (folder / manifests.FILE).is_file():
        return None
    try:
        return model_folder.opened(part, name, form, folder)
    except ModelError as error:
        logger.warning("%s", error)
        return None


def is_fetching(root: Path) -> bool:
    """Whether somebody is fetching into `root` at this moment."""
    return any(lease_lock.is_claimed(place) for place in places_of_staging(root))


def places_of_staging(root: Path) -> list[Path]:
    """The places at which models arrive, or arrived when whoever fetched them was killed."""
    above = root / STAGING
    return sorted(place for place in above.iterdir() if place.is_dir()) if above.is_dir() else []


def untrusted(root: Path, name: str, form: str) -> Path | None:
    """A folder that may hold a model in a form, and that no fetch of ours vouches for; None if there is none.

    Such are those that PaddleX itself put there, which copies into them and may have been killed meanwhile.
    """
    found = model_folder.located(root, name, form)
    is_ours = found is not None and (found / manifests.FILE).is_file()
    return None if is_ours and found == published(root, name, form) else found


def own_folder(place: Path, candidate: Path | None) -> Path:
    """A folder at the place that no other process writes into, with what those that were killed had got.

    Files that are there to their end are moved. Of others, and of those of the candidate, a copy is made: a
    process that is thought dead may still hold them open, and what it writes must not come into ours. None of
    them is trusted before it has been compared with the list of a hub.
    """
    place.mkdir(exist_ok=True)
    others = [folder for folder in place.iterdir() if folder.is_dir()]
    own = Path(tempfile.mkdtemp(dir=place))
    own.chmod(0o755)
    for folder in sorted(others, key=lambda one: one.stat().st_mtime, reverse=True):
        for file in folder.rglob("*"):
            target = own / file.relative_to(folder)
            if file.is_file() and file.name != manifests.FILE and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                if file.suffix == PART:
                    shutil.copyfile(file, target)
                else:
                    file.rename(target)
        shutil.rmtree(folder, ignore_errors=True)
    for file in candidate.iterdir() if candidate else ():
        if file.is_file() and file.name != manifests.FILE and not (own / file.name).exists():
            shutil.copyfile(file, own / file.name)
    return own


def lacking(root: Path, name: str, form: str, listing: Listing) -> int:
    """Bytes that a volume must still take for a model to come; 0 where it is there, or no size is known."""
    if listing.size is None or (published(root, name, form) / manifests.FILE).is_file():
        return 0
    try:
        there = sum(one.stat().st_size for one in staging(root, name, form).rglob("*") if one.is_file())
    except OSError:  # another process is at work there, and takes the room
        return 0
    # An archive is removed when what it holds lies beside it, not packed any smaller.
    return max(listing.size * (2 if listing.is_archive else 1) - there, 0)


def describe(own: Path, name: str, form: str, digest: str, listing: Listing) -> None:
    """Writes the manifest: from now on the folder counts as whole wherever it lies."""
    names = sorted(
        str(file.relative_to(own))
        for file in own.rglob("*")
        if file.is_file() and file.name != manifests.FILE
    )
    files = tuple(
        manifests.File(file, (own / file).stat().st_size, manifests.digests(own, [file])[0]) for file in names
    )
    manifests.write(own, manifests.Manifest(name, form, digest, listing.source, listing.revision, files))


def publish(root: Path, part: str, name: str, form: str, own: Path) -> Model:
    """Gives the folder its name; where another process was quicker, its folder is taken."""
    target = published(root, name, form)
    try:
        aside = _quarantined(root, part, name, form)
        own.rename(target)
    except OSError:
        theirs = trusted(root, part, name, form)
        if theirs is None:
            raise
        logger.info("%s: another process was quicker", name)
        return theirs
    manifests.sync(target.parent)
    logger.info("%s: whole, published as %s", name, target)
    if aside is not None and _is_same(aside, target):
        shutil.rmtree(aside.parent, ignore_errors=True)
    return model_folder.opened(part, name, form, target)


def _quarantined(root: Path, part: str, name: str, form: str) -> Path | None:
    """Moves a folder that has the model's name and cannot be trusted out of the way; says where to."""
    target = published(root, name, form)
    if not target.exists() or trusted(root, part, name, form) is not None:
        return None
    aside = root / QUARANTINE
    aside.mkdir(exist_ok=True)
    moved = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=aside)) / target.name
    target.rename(moved)
    logger.warning("%s has no valid %s and is not trusted: moved to %s", target, manifests.FILE, moved)
    return moved


def _is_same(aside: Path, target: Path) -> bool:
    """Whether all that was moved aside is published too."""
    files = [file for file in aside.iterdir() if file.is_file() and file.name != manifests.FILE]
    return all(
        (target / file.name).is_file()
        and manifests.digests(aside, [file.name]) == manifests.digests(target, [file.name])
        for file in files
    )


def clear(root: Path) -> list[Path]:
    """Removes what killed fetches left of models that are there or given up; says what it was.

    One is given up when nobody went on with it for a day. A volume that cannot be written stays as it is.
    """
    removed = []
    for place in places_of_staging(root):
        is_old = time.time() - place.stat().st_mtime > _KEPT_SECONDS
        is_there = (root / PUBLISHED / place.name / manifests.FILE).is_file()
        if (is_old or is_there) and not lease_lock.is_claimed(place):
            shutil.rmtree(place, ignore_errors=True)
            removed.append(place)
    return removed
