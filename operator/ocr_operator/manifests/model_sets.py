"""Which models are fetched together: the sets that the variants of one OCRBackend need from a hub.

Pure. Variants that need the same models from the same place share a set, and so one download.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_operator.api.revision import digest
from ocr_operator.api.spec import Variant

_FETCHING = (
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
"""Settings that fetching goes by."""


@dataclass(frozen=True)
class ModelSet:
    """Models that one Job fetches. `variants`: those that need it, in order of their keys; at least one."""

    id: str
    variants: tuple[Variant, ...]

    @property
    def settings(self) -> Settings:
        """The settings to fetch with; what they say of anything else is the default."""
        chosen = self.variants[0].settings
        return Settings(**{name: getattr(chosen, name) for name in _FETCHING})


def model_sets(variants: Iterable[Variant]) -> tuple[ModelSet, ...]:
    """The sets that are fetched for these variants, in order of their ids."""
    found: dict[str, list[Variant]] = {}
    for variant in sorted(variants, key=lambda one: one.key):
        if is_fetched(variant):
            found.setdefault(set_id(variant.settings), []).append(variant)
    return tuple(ModelSet(one, tuple(needing)) for one, needing in sorted(found.items()))


def is_fetched(variant: Variant) -> bool:
    """Whether the variant's models come from a hub."""
    return variant.settings.model_source == "hub"


def set_id(settings: Settings) -> str:
    """What tells a set from all others: the models' names, the form that is needed, and their source."""
    form = settings.engine, settings.use_gpu
    return digest([model_names(settings), form, settings.model_hub, settings.model_mirror])


def model_names(settings: Settings) -> list[str]:
    """Official names of the models that the settings ask for."""
    models = model_catalog.model_set(settings.ocr_version, settings.language, settings.model_type)
    wanted = [
        (models.detection, True),
        (models.recognition, True),
        (model_catalog.TEXTLINE_ORIENTATION, settings.use_textline_orientation),
        (model_catalog.DOC_ORIENTATION, settings.use_doc_orientation),
        (model_catalog.DOC_UNWARPING, settings.use_doc_unwarping),
    ]
    return [name for name, is_wanted in wanted if is_wanted]
