"""Finds invalid values of settings and combinations that do not work.

Knows the groups of settings and the model catalog, but not the environment. Standard library only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from ocr_backend.config import model_catalog
from ocr_backend.config.image_settings import ImageSettings
from ocr_backend.config.label_studio_settings import LabelStudioSettings
from ocr_backend.config.model_settings import ModelSettings
from ocr_backend.config.server_settings import ServerSettings
from ocr_backend.config.setting_fields import Problem, Setting, quoted_url
from ocr_backend.system import address_policy
from ocr_backend.system.urls import has_unsafe_characters


# A dataclass takes the fields of its last base first: models, Label Studio, images, server.
@dataclass(frozen=True)
class UncheckedSettings(ServerSettings, ImageSettings, LabelStudioSettings, ModelSettings):
    """All settings, which may be invalid."""


def problems(settings: UncheckedSettings, table: Sequence[Setting]) -> Iterator[Problem]:
    """All invalid values, then all combinations that do not work."""
    messages = {setting.env: setting.problem_with(getattr(settings, setting.name)) for setting in table}
    value_problems = [Problem(env, message) for env, message in messages.items() if message]
    yield from value_problems
    yield from _url_problems(settings)
    yield from _authentication_problems(settings)
    yield from _folder_problems(settings)
    if not value_problems:  # the rules below rely on valid values
        yield from _allowed_host_problems(settings)
        yield from _model_problems(settings)


def _url_problems(settings: UncheckedSettings) -> Iterator[Problem]:
    urls = {"LABEL_STUDIO_URL": settings.label_studio_url, "OCR_MODEL_MIRROR": settings.model_mirror}
    for env, url in urls.items():
        if isinstance(url, str) and url and not _is_http_url(url):
            yield Problem(
                env, f"{quoted_url(url)} is not a URL that starts with http:// or https:// and has a host"
            )


def _authentication_problems(settings: ServerSettings) -> Iterator[Problem]:
    if bool(settings.basic_auth_user) != bool(settings.basic_auth_pass):
        yield Problem("BASIC_AUTH_USER", "set both BASIC_AUTH_USER and BASIC_AUTH_PASS, or neither")
    if ":" in settings.basic_auth_user:
        yield Problem(
            "BASIC_AUTH_USER", "the user name contains a colon, which HTTP basic authentication forbids"
        )


def _folder_problems(settings: UncheckedSettings) -> Iterator[Problem]:
    folders = {
        "LOCAL_FILES_DOCUMENT_ROOT": settings.local_files_document_root,
        "OCR_IMAGE_CACHE_DIR": settings.image_cache_dir,
    }
    for env, folder in folders.items():
        if isinstance(folder, str) and folder and (not folder.startswith("/") or not folder.strip("/.")):
            yield Problem(env, f"{folder!r} is not a full path below /; set one such as /data/files")


def _allowed_host_problems(settings: ImageSettings) -> Iterator[Problem]:
    for message in filter(None, map(address_policy.entry_problem, settings.allowed_hosts)):
        yield Problem("OCR_FETCH_ALLOW", message)


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_http = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_http and not has_unsafe_characters(url)


def _model_problems(settings: ModelSettings) -> Iterator[Problem]:
    try:
        model_catalog.model_set(settings.ocr_version, settings.language, settings.model_type)
    except model_catalog.UnknownModelsError as error:
        yield Problem("PADDLEOCR_LANG", str(error))
        return
    yield from _custom_model_problems(settings)
    if settings.model_source == "builtin":
        yield from _builtin_problems(settings)
    yield from _engine_problems(settings)


def _engine_problems(settings: ModelSettings) -> Iterator[Problem]:
    if settings.engine == "openvino" and settings.use_gpu:
        yield Problem(
            "OCR_ENGINE",
            "openvino runs on the CPU only; set OCR_ENGINE to auto, or PADDLEOCR_USE_GPU to false",
        )
    if settings.engine not in ("openvino", "onnxruntime"):
        return
    formats = model_catalog.published_formats(settings.ocr_version)
    if settings.model_source == "hub" and "onnx" not in formats:
        yield Problem(
            "OCR_ENGINE",
            f"the hub has {settings.ocr_version} in the format paddle only; set OCR_ENGINE to paddle or auto",
        )
    if settings.use_doc_unwarping:
        yield Problem(
            "PADDLEOCR_USE_DOC_UNWARPING",
            f"the engine {settings.engine} does not support this; set it to false, or OCR_ENGINE to paddle "
            "or auto",
        )


def _custom_model_problems(settings: ModelSettings) -> Iterator[Problem]:
    custom_models = {
        "OCR_DETECTION_MODEL": settings.detection_model,
        "OCR_RECOGNITION_MODEL": settings.recognition_model,
    }
    for env, folder in custom_models.items():
        if message := _custom_model_problem(folder, settings):
            yield Problem(env, message)


def _custom_model_problem(folder: str, settings: ModelSettings) -> str | None:
    root = PurePosixPath(settings.model_dir)
    path = root / folder
    if not folder:
        return None
    if ".." in path.parts or path == root or not path.is_relative_to(root):
        return (
            f"{folder!r} is not a folder below MODEL_DIR={root}; set its path relative to MODEL_DIR, "
            "without '..'"
        )
    if settings.model_source == "builtin":
        return "the source builtin has no custom models; set OCR_MODEL_SOURCE to dir or hub, or remove this"
    return None


def _builtin_problems(settings: ModelSettings) -> Iterator[Problem]:
    if not model_catalog.is_builtin(settings.ocr_version, settings.language, settings.model_type):
        alternatives = " or ".join(
            f"PADDLEOCR_VERSION={ocr_version} with PADDLEOCR_LANG one of {', '.join(languages)}"
            for ocr_version, languages in model_catalog.BUILTIN_LANGUAGES.items()
        )
        yield Problem(
            "OCR_MODEL_SOURCE",
            f"builtin has no {settings.ocr_version} {settings.model_type} models for {settings.language}; "
            f"set PADDLEOCR_MODEL_TYPE={model_catalog.BUILTIN_MODEL_TYPE}, and {alternatives}; "
            "or OCR_MODEL_SOURCE to hub or dir",
        )
    if settings.use_doc_unwarping:
        yield Problem(
            "PADDLEOCR_USE_DOC_UNWARPING",
            "builtin has no model for this; set it to false, or OCR_MODEL_SOURCE to hub or dir",
        )
