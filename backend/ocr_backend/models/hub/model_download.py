"""Official models from PaddleOCR's hubs, in a folder that keeps them: fetched once, whole or not at all.

`engines` calls `fetched`, as does whoever fills a volume. Models that are there are used without network;
`model_store` keeps them.
"""

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.models import manifests, model_folder
from ocr_backend.models.hub import file_listing, lease_lock, model_store, resumable_download
from ocr_backend.models.hub.download_progress import Progress
from ocr_backend.models.hub.file_listing import HUBS, Listing
from ocr_backend.models.hub.hub_client import shown
from ocr_backend.models.model_errors import ModelError, ModelMismatchError, ModelNotFoundError, VolumeError
from ocr_backend.models.model_folder import Model

logger = logging.getLogger(__name__)

_MIB = 2**20


@dataclass(frozen=True)
class Hub:
    """Which hub is asked first, a mirror in place of Hugging Face ("" = none), and the forms it has."""

    name: str
    mirror: str
    forms: tuple[str, ...]
    offline: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Hub":
        """The hub that the settings name, with the forms of their generation."""
        forms = model_catalog.package_forms(settings.ocr_version)
        return cls(settings.model_hub, settings.model_mirror, forms, settings.offline)

    @property
    def order(self) -> tuple[str, ...]:
        """The hubs as they are asked."""
        return (self.name, *(hub for hub in HUBS if hub != self.name))


def fetched(
    root: Path, names: Mapping[str, str], forms: Sequence[str], hub: Hub, progress: Progress | None = None
) -> dict[str, Model]:
    """The named models below `root`, all in one of the forms; what is missing is downloaded first.

    Raises:
        ModelError: no hub has them in a wanted form, or none could be asked, also since `hub` is offline.
        ModelNotFoundError: the hub that is asked first has no such model.
        ModelMismatchError: what that hub gave is not what its list says.
        VolumeError: `root` is full, or cannot be written.
    """
    progress = progress or Progress()
    for form in forms:
        there = {part: model_store.trusted(root, part, name, form) for part, name in names.items()}
        whole = {part: model for part, model in there.items() if model is not None}
        if len(whole) == len(names):
            model_store.clear(root)
            return _told(whole, progress)
    form = _form(root, names, forms, hub)
    return _told(_brought(root, names, form, hub, progress), progress)


def _form(root: Path, names: Mapping[str, str], forms: Sequence[str], hub: Hub) -> str:
    """The form to fetch: one of which all are there, though nobody vouches for them, else the first."""
    had = [form for form in forms if form in hub.forms]
    if not had:
        raise ModelError(
            f"the hubs have {', '.join(names.values())} in {' and '.join(hub.forms)} form only, "
            "which nothing installed here can run; install paddlepaddle"
        )
    complete = (
        form for form in had if all(model_folder.located(root, name, form) for name in names.values())
    )
    return next(complete, had[0])


def _told(found: dict[str, Model], progress: Progress) -> dict[str, Model]:
    for model in found.values():
        manifest = manifests.of_folder(model.folder)
        progress.publish(model.name, model.form, model.digest, manifest.size if manifest else model.size)
    return found


def _brought(
    root: Path, names: Mapping[str, str], form: str, hub: Hub, progress: Progress
) -> dict[str, Model]:
    found = {}
    offers = {}
    for part, name in names.items():
        progress.expect(name, form)
        model = model_store.trusted(root, part, name, form)
        if model is not None:
            found[part] = model
            progress.publish(name, form, model.digest, model.size)
            continue
        _refuse_offline(root, name, form, hub)
        _prepare(root, name, form)
        offers[part] = _Offers(root, name, form, hub)
    for part, offer in offers.items():  # all lists first, so that it is known how much there is to fetch
        progress.expect(names[part], form, offer.first.size)
    _check_room(root, list(offers.values()))
    for part, offer in offers.items():
        found[part] = _model(root, part, offer, progress)
    if offers:
        model_store.clear(root)
    return {part: found[part] for part in names}


def _refuse_offline(root: Path, name: str, form: str, hub: Hub) -> None:
    if hub.offline:
        raise ModelError(
            f"{_missing(root, name, form)}, and OCR_OFFLINE=true forbids to ask a hub",
            f"bring the folder {model_store.published(root, name, form)} from where "
            "`ocr-backend models fetch` can ask, set OCR_OFFLINE=false, or take folders as they are with "
            "OCR_MODEL_SOURCE=dir",
        )


def _missing(root: Path, name: str, form: str) -> str:
    """The beginning of a sentence on a model that is not there."""
    untrusted = model_store.untrusted(root, name, form)
    if untrusted is None:
        return f"the model {name} is not in MODEL_DIR={root}"
    return f"the model {name} lies in {untrusted} without a {manifests.FILE} that vouches for it"


def _prepare(root: Path, name: str, form: str) -> None:
    """Makes the folders, before a hub is asked for what could not be kept."""
    try:
        for folder in (model_store.staging(root, name, form), model_store.published(root, name, form)):
            folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _of_volume(root, resumable_download.volume_error(root, error)) from error


def _check_room(root: Path, offers: "Sequence[_Offers]") -> None:
    """Refuses, before a first byte, what the volume cannot hold; what killed fetches have got needs no room.

    Nor is counted what a hub gives no size of: the volume itself will refuse it.
    """
    lacking = sum(model_store.lacking(root, one.name, one.form, one.first) for one in offers)
    free = shutil.disk_usage(root).free
    if lacking > free:
        needed = -(-lacking // _MIB)
        raise _of_volume(root, VolumeError(f"{needed} MiB are to be fetched, {free // _MIB} MiB are free"))


class _Offers:
    """What the hubs offer for one model, each asked when it is its turn; keeps why one was of no use."""

    def __init__(self, root: Path, name: str, form: str, hub: Hub) -> None:
        self.name, self.form, self._hub = name, form, hub
        self._missing = _missing(root, name, form)
        self._left = list(hub.order)
        self._failures: list[ModelError] = []
        self.first = self.next()

    def next(self) -> Listing:
        """What the next hub that has the model offers.

        Raises:
            ModelError: none is left; the kind is that of the failure of the hub that was chosen.
        """
        while self._left:
            package = model_folder.package(self.name, self.form)
            try:
                return file_listing.listing(self._left.pop(0), package, self._hub.mirror)
            except ModelError as error:
                self.failed(error)
        # What the chosen hub says is what is to be mended; that the others cannot be reached is common.
        kind = next((kind for kind in _ADVICE if isinstance(self._failures[0], kind)), ModelError)
        asked = shown(self._hub.mirror) if self._hub.mirror else self._hub.name
        raise kind(
            f"{self._missing} and cannot be downloaded from {asked} or the other hubs in {self.form} form: "
            f"{'; '.join(dict.fromkeys(map(str, self._failures)))}",
            _ADVICE[kind],
        )

    def failed(self, error: ModelError) -> None:
        """Remembers why a hub was of no use."""
        logger.warning("%s: %s", self.name, error)
        self._failures.append(error)


_ELSEWHERE = (
    "name a mirror in OCR_MODEL_MIRROR, "
    "or put the official folders into MODEL_DIR and set OCR_MODEL_SOURCE=dir"
)
_ADVICE: Mapping[type[ModelError], str] = {
    ModelNotFoundError: f"look whether the mirror has it, {_ELSEWHERE}",
    ModelMismatchError: f"try again, and if it stays so the hub's copy is damaged: {_ELSEWHERE}",
    ModelError: f"let this machine reach a hub, {_ELSEWHERE}",
}


def _model(root: Path, part: str, offers: _Offers, progress: Progress) -> Model:
    """The model, fetched by this process or by another that was quicker."""
    place = model_store.staging(root, offers.name, offers.form)
    try:
        with lease_lock.claimed(place):
            model = model_store.trusted(root, part, offers.name, offers.form)
            if model is None:
                model = _fetch(root, part, offers, progress)
            shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        raise _of_volume(root, resumable_download.volume_error(root, error)) from error
    progress.publish(model.name, model.form, model.digest, model.size)
    return model


def _of_volume(root: Path, error: VolumeError) -> VolumeError:
    return VolumeError(
        f"no models can be kept in MODEL_DIR={root}: {error}",
        "make room, set MODEL_DIR to a folder that can be written, or put them there and set "
        "OCR_MODEL_SOURCE=dir",
    )


def _fetch(root: Path, part: str, offers: _Offers, progress: Progress) -> Model:
    name, form = offers.name, offers.form
    untrusted = model_store.untrusted(root, name, form)
    if untrusted is not None:
        logger.warning("%s is not vouched for by a %s: comparing it with a hub", untrusted, manifests.FILE)
    own = model_store.own_folder(model_store.staging(root, name, form), untrusted)
    listing = offers.first
    while True:
        logger.info("%s: fetching from %s into %s", name, listing.source, root)
        progress.expect(name, form, listing.size)
        progress.enter(name, form, "Fetching")
        try:
            resumable_download.brought(listing, own, lambda count: progress.add(name, form, count))
            progress.enter(name, form, "Verifying")
            digest = _verified(part, name, form, own)
        except VolumeError as error:
            raise _of_volume(root, error) from error
        except ModelError as error:
            offers.failed(error)
            listing = offers.next()
        else:
            model_store.describe(own, name, form, digest, listing)
            return model_store.publish(root, part, name, form, own)


def _verified(part: str, name: str, form: str, own: Path) -> str:
    """The digest of a model that is all there."""
    try:
        return model_folder.opened(part, name, form, own).digest
    except ModelError as error:
        raise ModelMismatchError(f"what the hub gave for {name} is of no use: {error}") from error
