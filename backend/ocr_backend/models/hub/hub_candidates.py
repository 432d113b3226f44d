"""The hubs that may have a model, asked one after the other, and the error if none can deliver it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.models import manifests
from ocr_backend.models.hub import file_listing, model_store
from ocr_backend.models.hub.file_listing import HUBS, Listing
from ocr_backend.models.hub.model_store import ModelRef
from ocr_backend.models.model_errors import ModelError, ModelMismatchError, ModelNotFoundError
from ocr_backend.system.urls import redact_url

logger = logging.getLogger(__name__)

_ALTERNATIVES = (
    "set OCR_MODEL_MIRROR to a mirror, "
    "or put the official folders into MODEL_DIR and set OCR_MODEL_SOURCE=dir"
)
_ADVICE: Mapping[type[ModelError], str] = {
    ModelNotFoundError: f"check whether the mirror has it, {_ALTERNATIVES}",
    ModelMismatchError: f"try again; if the error stays, the hub's copy is damaged: {_ALTERNATIVES}",
    ModelError: f"let this machine reach a hub, {_ALTERNATIVES}",
}


@dataclass(frozen=True)
class HubOptions:
    """The hub to ask first, a mirror that replaces Hugging Face ("" = none), and the hubs' formats."""

    name: str
    mirror: str
    formats: tuple[str, ...]
    offline: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> "HubOptions":
        """The hub that the settings name, with the formats of their OCR version."""
        formats = model_catalog.published_formats(settings.ocr_version)
        return cls(settings.model_hub, settings.model_mirror, formats, settings.offline)

    @property
    def order(self) -> tuple[str, ...]:
        """The hubs in the order in which they are asked."""
        return (self.name, *(hub for hub in HUBS if hub != self.name))


class HubCandidates:
    """The hubs' listings of one model; each hub is asked only when the one before failed."""

    def __init__(self, root: Path, ref: ModelRef, hub: HubOptions) -> None:
        self.ref = ref
        self._hub = hub
        self._missing = missing_model(root, ref)
        self._remaining = list(hub.order)
        self._failures: list[ModelError] = []
        self.first = self.next_listing()

    def next_listing(self) -> Listing:
        """The listing of the next hub that has the model.

        Raises:
            ModelError: no hub remains; the class is that of the configured hub's failure.
        """
        while self._remaining:
            try:
                return file_listing.list_files(self._remaining.pop(0), self.ref.folder_name, self._hub.mirror)
            except ModelError as error:
                self.add_failure(error)
        raise self._error()

    def add_failure(self, error: ModelError) -> None:
        """Records why a hub could not deliver the model."""
        logger.warning("%s: %s", self.ref.name, error)
        self._failures.append(error)

    def _error(self) -> ModelError:
        # Only the failure of the configured hub needs a repair; often the other hubs are not reachable at
        # all.
        failure = self._failures[0]
        error_class = next((each for each in _ADVICE if isinstance(failure, each)), ModelError)
        hub = redact_url(self._hub.mirror) if self._hub.mirror else self._hub.name
        return error_class(
            f"{self._missing} and cannot be downloaded from {hub} or the other hubs in "
            f"{self.ref.model_format} format: {'; '.join(dict.fromkeys(map(str, self._failures)))}",
            _ADVICE[error_class],
        )


def missing_model(root: Path, ref: ModelRef) -> str:
    """The beginning of a sentence about a model that is missing or cannot be verified."""
    folder = model_store.unverified_folder(root, ref.name, ref.model_format)
    if folder is None:
        return f"the model {ref.name} is not in MODEL_DIR={root}"
    return f"the model {ref.name} is in {folder} without a valid {manifests.FILE_NAME}"
