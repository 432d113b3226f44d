"""What is wrong with settings: single values and, above all, values that do not go together.

Knows the models through `catalog` and nothing of the environment; `settings` calls it. Standard library only.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ocr_backend.config import model_catalog
from ocr_backend.config.setting_fields import Problem, Setting
from ocr_backend.system import address_policy

if TYPE_CHECKING:
    from ocr_backend.config.settings import Settings


def problems(settings: "Settings", rows: Sequence[Setting]) -> Iterator[Problem]:
    """All that is wrong: values outside their limits, then what does not go together."""
    said = {row.env: row.problem_with(getattr(settings, row.name)) for row in rows}
    bad = [Problem(env, sentence) for env, sentence in said.items() if sentence]
    yield from bad
    yield from _server_problems(settings)
    if not bad:  # the rules below combine values and would only repeat what is wrong with one
        yield from _fetching_problems(settings)
        yield from _model_problems(settings)


def _server_problems(settings: "Settings") -> Iterator[Problem]:
    urls = {"LABEL_STUDIO_URL": settings.label_studio_url, "OCR_MODEL_MIRROR": settings.model_mirror}
    for env, url in urls.items():
        if isinstance(url, str) and url and not _is_http_url(url):
            yield Problem(env, f"{url!r} is not a URL that begins with http:// or https:// and names a host")
    if bool(settings.basic_auth_user) != bool(settings.basic_auth_pass):
        yield Problem(
            "BASIC_AUTH_USER", "a user and a password (BASIC_AUTH_PASS) go together; set both or none"
        )
    if ":" in settings.basic_auth_user:
        yield Problem("BASIC_AUTH_USER", "a user's name cannot have a colon: HTTP ends the name there")
    folders = {
        "LOCAL_FILES_DOCUMENT_ROOT": settings.local_files_document_root,
        "OCR_IMAGE_CACHE_DIR": settings.image_cache_dir,
    }
    for env, folder in folders.items():
        if isinstance(folder, str) and folder and (not folder.startswith("/") or not folder.strip("/.")):
            yield Problem(env, f"{folder!r} is not the full path of a folder below /")


def _fetching_problems(settings: "Settings") -> Iterator[Problem]:
    for sentence in filter(None, map(address_policy.entry_problem, settings.allowed_hosts)):
        yield Problem("OCR_FETCH_ALLOW", sentence)


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _model_problems(settings: "Settings") -> Iterator[Problem]:
    ocr_version = settings.ocr_version
    try:
        model_catalog.model_set(ocr_version, settings.language, settings.model_type)
    except model_catalog.UnknownModelsError as error:
        yield Problem("PADDLEOCR_LANG", str(error))
        return
    yield from _custom_model_problems(settings)
    if settings.model_source == "builtin":
        yield from _builtin_problems(settings)
    if settings.engine == "openvino" and settings.use_gpu:
        yield Problem(
            "OCR_ENGINE", "openvino reads on the CPU; set OCR_ENGINE to auto, or PADDLEOCR_USE_GPU to false"
        )
    is_direct = settings.engine in ("openvino", "onnxruntime")
    if (
        is_direct
        and settings.model_source == "hub"
        and "onnx" not in model_catalog.package_forms(ocr_version)
    ):
        yield Problem(
            "OCR_ENGINE", f"the hub has {ocr_version} in paddle form only; set OCR_ENGINE to paddle or auto"
        )
    if is_direct and settings.use_doc_unwarping:
        yield Problem(
            "PADDLEOCR_USE_DOC_UNWARPING",
            f"the engine {settings.engine} cannot; set OCR_ENGINE to paddle or auto",
        )


def _custom_model_problems(settings: "Settings") -> Iterator[Problem]:
    named = {
        "OCR_DETECTION_MODEL": settings.detection_model,
        "OCR_RECOGNITION_MODEL": settings.recognition_model,
    }
    root = PurePosixPath(settings.model_dir)
    for env, folder in ((env, folder) for env, folder in named.items() if folder):
        below = root / folder
        if ".." in below.parts or below == root or not below.is_relative_to(root):
            yield Problem(
                env, f"{folder!r} is no folder below MODEL_DIR={root}; give its path from there, without '..'"
            )
        elif settings.model_source == "builtin":
            yield Problem(
                env,
                "builtin reads with what is installed; set OCR_MODEL_SOURCE to dir (or hub), or leave it out",
            )


def _builtin_problems(settings: "Settings") -> Iterator[Problem]:
    ocr_version, model_type = model_catalog.BUILTIN_OCR_VERSION, model_catalog.BUILTIN_MODEL_TYPE
    languages = model_catalog.languages_of(ocr_version)
    has_weights = (settings.ocr_version, settings.model_type) == (ocr_version, model_type)
    if not has_weights or settings.language not in languages:
        yield Problem(
            "OCR_MODEL_SOURCE",
            f"builtin has no {settings.ocr_version} {settings.model_type} models for {settings.language}; "
            f"set PADDLEOCR_VERSION={ocr_version}, PADDLEOCR_MODEL_TYPE={model_type} "
            f"and PADDLEOCR_LANG to one of {', '.join(languages)}, or OCR_MODEL_SOURCE to hub or dir",
        )
    wanted = {
        "PADDLEOCR_USE_DOC_ORIENTATION": settings.use_doc_orientation,
        "PADDLEOCR_USE_DOC_UNWARPING": settings.use_doc_unwarping,
    }
    for env in (env for env, is_wanted in wanted.items() if is_wanted):
        yield Problem(
            env, "builtin has no weights for this; set it to false, or OCR_MODEL_SOURCE to hub or dir"
        )
    if settings.engine == "paddle" and settings.use_textline_orientation:
        yield Problem(
            "PADDLEOCR_USE_TEXTLINE_ORIENTATION",
            "the builtin weights for this do not work with the engine paddle; set it to false, "
            "or OCR_ENGINE to auto",
        )
