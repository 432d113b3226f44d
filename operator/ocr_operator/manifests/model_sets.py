"""Model sets: the models of an OCRBackend that one Job downloads together.

Pure. Variants that need the same models from the same source share a set, and so one download.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import Variant

_DOWNLOAD_SETTINGS = (
    "ocr_version",
    "language",
    "model_type",
    "use_textline_orientation",
    "use_doc_orientation",
    "use_doc_unwarping",
    "engine",
    "use_gpu",
    "model_source",
    "model_hub",
    "model_mirror",
    "offline",
    "model_dir",
)
"""Settings that a download depends on."""


@dataclass(frozen=True)
class ModelSet:
    """Models that one Job downloads. `variants`: all that need the set, at least one, sorted by key."""

    id: str
    variants: tuple[Variant, ...]

    @property
    def settings(self) -> Settings:
        """The settings for the download; all others have their defaults."""
        settings = self.variants[0].settings
        return Settings(**{name: getattr(settings, name) for name in _DOWNLOAD_SETTINGS})


def model_sets(variants: Iterable[Variant]) -> tuple[ModelSet, ...]:
    """The sets to download for these variants, in order of their ids."""
    variants_by_set: dict[str, list[Variant]] = {}
    for variant in sorted(variants, key=lambda variant: variant.name):
        if needs_download(variant):
            variants_by_set.setdefault(set_id(variant.settings), []).append(variant)
    return tuple(ModelSet(id_, tuple(users)) for id_, users in sorted(variants_by_set.items()))


def needs_download(variant: Variant) -> bool:
    """Whether the variant's models come from a hub."""
    return variant.settings.model_source == "hub"


def set_id(settings: Settings) -> str:
    """Identifies a set by the names of its models, their format (from engine and device) and their source."""
    engine_and_device = settings.engine, settings.use_gpu
    return digest([model_names(settings), engine_and_device, settings.model_hub, settings.model_mirror])


def model_names(settings: Settings) -> list[str]:
    """Official names of the models that the settings need."""
    models = model_catalog.model_set(settings.ocr_version, settings.language, settings.model_type)
    candidates = [
        (models.detection, True),
        (models.recognition, True),
        (model_catalog.TEXTLINE_ORIENTATION, settings.use_textline_orientation),
        (model_catalog.DOC_ORIENTATION, settings.use_doc_orientation),
        (model_catalog.DOC_UNWARPING, settings.use_doc_unwarping),
    ]
    return [name for name, is_needed in candidates if is_needed]
