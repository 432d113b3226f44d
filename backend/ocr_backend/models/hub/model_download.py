"""Official models from PaddleOCR's hubs: downloaded once into a folder, complete or not at all.

`engine_factory` and `models fetch` call `ensure_models`. Models that `model_store` already has are used
without the network.
"""

import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocr_backend.models import manifests, model_folder
from ocr_backend.models.hub import model_store, resumable_download, staging
from ocr_backend.models.hub.download_progress import Progress
from ocr_backend.models.hub.file_listing import Listing
from ocr_backend.models.hub.hub_candidates import HubCandidates, HubOptions, missing_model
from ocr_backend.models.hub.model_store import ModelRef
from ocr_backend.models.model_errors import ModelError, ModelMismatchError, VolumeError
from ocr_backend.models.model_folder import Model

logger = logging.getLogger(__name__)

_MIB = 2**20


def ensure_models(
    root: Path,
    names: Mapping[str, str],
    formats: Sequence[str],
    hub: HubOptions,
    progress: Progress | None = None,
) -> dict[str, Model]:
    """The named models below `root` by role, all in one of the formats; missing ones are downloaded.

    Raises:
        ModelError: no hub has them in one of the formats, no hub can be reached, or `hub` is offline.
        ModelNotFoundError: the configured hub does not have a model.
        ModelMismatchError: the configured hub sent something else than it lists.
        VolumeError: `root` is full or not writable.
    """
    progress = progress or Progress()
    for model_format in formats:
        existing = _published_models(root, names, model_format)
        if len(existing) == len(names):
            model_store.remove_stale_staging(root)
            _report_published(existing.values(), progress)
            return existing
    model_format = _download_format(root, names, formats, hub)
    models = _Downloader(root, hub, progress).run(names, model_format)
    _report_published(models.values(), progress)
    return models


def _published_models(root: Path, names: Mapping[str, str], model_format: str) -> dict[str, Model]:
    models = {
        role: model_store.verified_model(root, ModelRef(role, name, model_format))
        for role, name in names.items()
    }
    return {role: model for role, model in models.items() if model is not None}


def _download_format(root: Path, names: Mapping[str, str], formats: Sequence[str], hub: HubOptions) -> str:
    """A format in which folders of all models exist, verified or not, else the first that the hubs have."""
    available = [model_format for model_format in formats if model_format in hub.formats]
    if not available:
        raise ModelError(
            f"the hubs have {', '.join(names.values())} only in {' and '.join(hub.formats)} format, "
            "which no installed engine supports; install paddlepaddle"
        )
    for model_format in available:
        if all(model_folder.find_folder(root, name, model_format) for name in names.values()):
            return model_format
    return available[0]


def _report_published(models: Iterable[Model], progress: Progress) -> None:
    for model in models:
        manifest = manifests.read(model.folder)
        size = manifest.size if manifest else model.size
        progress.set_published(model.name, model.model_format, model.digest, size)


@dataclass(frozen=True)
class _Downloader:
    """Downloads the models that are not published."""

    root: Path
    hub: HubOptions
    progress: Progress

    def run(self, names: Mapping[str, str], model_format: str) -> dict[str, Model]:
        models, candidates = {}, []
        for role, name in names.items():
            ref = ModelRef(role, name, model_format)
            self.progress.add_model(name, model_format)
            model = model_store.verified_model(self.root, ref)
            if model is None:
                candidates.append(self._candidates(ref))
                continue
            models[role] = model
            self.progress.set_published(name, model_format, model.digest, model.size)
        for candidate in candidates:  # all listings first, so that the total size is known early
            self.progress.add_model(candidate.ref.name, model_format, candidate.first.size)
        self._check_free_space(candidates)
        for candidate in candidates:
            models[candidate.ref.role] = self._ensure(candidate)
        if candidates:
            model_store.remove_stale_staging(self.root)
        return {role: models[role] for role in names}

    def _candidates(self, ref: ModelRef) -> HubCandidates:
        if self.hub.offline:
            folder = model_store.published_folder(self.root, ref.name, ref.model_format)
            raise ModelError(
                f"{missing_model(self.root, ref)}, and OCR_OFFLINE=true forbids asking a hub",
                f"copy the folder {folder} from a machine where `ocr-backend models fetch` can reach a hub, "
                "set OCR_OFFLINE=false, or use folders without verification with OCR_MODEL_SOURCE=dir",
            )
        self._create_folders(ref)
        return HubCandidates(self.root, ref, self.hub)

    def _create_folders(self, ref: ModelRef) -> None:
        """Creates the parent folders, so that a volume that is not writable fails before a hub is asked."""
        try:
            for parent in (model_store.PUBLISHED, staging.STAGING):
                (self.root / parent).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._volume_error(resumable_download.volume_error(self.root, error)) from error

    def _check_free_space(self, candidates: Sequence[HubCandidates]) -> None:
        """Fails before the first byte if the volume is too small; models of unknown size are not counted."""
        required = sum(model_store.required_bytes(self.root, each.ref, each.first) for each in candidates)
        free = shutil.disk_usage(self.root).free
        if required > free:
            message = f"{-(-required // _MIB)} MiB are needed, {free // _MIB} MiB are free"
            raise self._volume_error(VolumeError(message))

    def _volume_error(self, error: VolumeError) -> VolumeError:
        return VolumeError(
            f"no models can be kept in MODEL_DIR={self.root}: {error}",
            "free some space, set MODEL_DIR to a folder that can be written, or put the models there and set "
            "OCR_MODEL_SOURCE=dir",
        )

    def _ensure(self, candidates: HubCandidates) -> Model:
        """The model, downloaded by this process or by another one that was faster."""
        ref = candidates.ref
        folder = staging.staging_folder(self.root, ref.name, ref.model_format)
        try:
            with staging.locked(folder):
                model = model_store.verified_model(self.root, ref) or self._download(folder, candidates)
                staging.remove_abandoned(folder)
        except OSError as error:
            raise self._volume_error(resumable_download.volume_error(self.root, error)) from error
        self.progress.set_published(model.name, model.model_format, model.digest, model.size)
        return model

    def _download(self, staging_folder: Path, candidates: HubCandidates) -> Model:
        """Downloads from the first hub that delivers the model, and publishes it."""
        ref = candidates.ref
        unverified = model_store.unverified_folder(self.root, ref.name, ref.model_format)
        if unverified is not None:
            logger.warning("%s has no valid %s: comparing it with a hub", unverified, manifests.FILE_NAME)
        folder = staging.create_process_folder(staging_folder, unverified)
        listing = candidates.first
        while True:
            try:
                digest = self._download_from(listing, folder, ref)
            except VolumeError as error:
                raise self._volume_error(error) from error
            except ModelError as error:
                candidates.add_failure(error)
                listing = candidates.next_listing()
            else:
                model_store.write_manifest(folder, ref, digest, listing)
                return model_store.publish(self.root, ref, folder)

    def _download_from(self, listing: Listing, folder: Path, ref: ModelRef) -> str:
        """Downloads and verifies the files; returns the model's digest."""
        logger.info("%s: downloading from %s to %s", ref.name, listing.source, self.root)
        name, model_format = ref.name, ref.model_format
        self.progress.add_model(name, model_format, listing.size)
        self.progress.set_state(name, model_format, "Downloading")
        resumable_download.download_files(
            listing, folder, lambda count: self.progress.add_bytes(name, model_format, count)
        )
        self.progress.set_state(name, model_format, "Verifying")
        try:
            return model_folder.open_model(ref.role, name, model_format, folder).digest
        except ModelError as error:
            raise ModelMismatchError(f"the hub's copy of {name} is of no use: {error}") from error
