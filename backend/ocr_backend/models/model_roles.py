"""The roles of models (detection, recognition, ...), and which official model fills each of them.

A role is what PaddleX calls a module. Pure: knows settings and catalog, no folder.
"""

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings


def required_models(settings: Settings) -> dict[str, str]:
    """Role -> official name of each official model that the settings require."""
    models = language_models(settings)
    roles = [
        ("detection", models.detection, not settings.detection_model),
        ("recognition", models.recognition, not settings.recognition_model),
        ("textline_orientation", model_catalog.TEXTLINE_ORIENTATION, settings.use_textline_orientation),
        ("doc_orientation", model_catalog.DOC_ORIENTATION, settings.use_doc_orientation),
        ("doc_unwarping", model_catalog.DOC_UNWARPING, settings.use_doc_unwarping),
    ]
    return {role: name for role, name, is_required in roles if is_required}


def language_models(settings: Settings) -> model_catalog.ModelSet:
    """The official models for the language of the settings, from the builtin ones if these are the source."""
    if settings.model_source == "builtin":
        return model_catalog.builtin_model_set(settings.ocr_version, settings.language)
    return model_catalog.model_set(settings.ocr_version, settings.language, settings.model_type)


def role_of(name: str) -> str | None:
    """The role of an official model; None for a name that no settings require."""
    for combination in model_catalog.combinations():
        models = model_catalog.model_set(*combination)
        if name == models.detection:
            return "detection"
        if name == models.recognition:
            return "recognition"
    optional = {model: role for role, model in model_catalog.OPTIONAL_MODELS.items()}
    return optional.get(name)
