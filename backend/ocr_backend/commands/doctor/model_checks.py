"""Checks the models: their folder, their files, free disk space, and on request whether they read."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ocr_backend.commands.doctor.findings import Finding, bad, good, skipped, warning
from ocr_backend.config.settings import Settings
from ocr_backend.errors import GoldenSampleError
from ocr_backend.models import custom_models, golden_sample, manifests, model_folder, model_roles
from ocr_backend.models.hub import model_store, staging
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr import engine_factory

_NEEDED_BYTES = 2**30  # a guess: the official models of one language take about 200 MB (server)
_MIB = 2**20
_MISSING = "is missing"


def check_folder(settings: Settings) -> Iterator[Finding]:
    """Whether MODEL_DIR can be used with OCR_MODEL_SOURCE."""
    root = Path(settings.model_dir)
    user = f"user {os.getuid()}"
    if settings.model_source == "builtin":
        yield skipped("MODEL_DIR", "not needed: OCR_MODEL_SOURCE=builtin")
        return
    if root.exists() and not os.access(root, os.R_OK | os.X_OK):
        yield bad("MODEL_DIR", f"{root} is not readable for {user}", f"give {user} read access")
        return
    is_download = settings.model_source != "dir"
    yield _check_download_folder(root, user, settings) if is_download else _check_existing_folder(root)


def _check_existing_folder(root: Path) -> Finding:
    if root.is_dir():
        return good("MODEL_DIR", f"{root} is readable")
    return bad("MODEL_DIR", f"{root} is not a folder", "mount the models there, or set MODEL_DIR")


def _check_download_folder(root: Path, user: str, settings: Settings) -> Finding:
    nearest = _nearest_existing(root)
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return _check_staging(root)
    if not _needs_download(settings):
        return good("MODEL_DIR", f"{root} is read-only, which is sufficient because all models are present")
    return bad(
        "MODEL_DIR",
        f"{root} is not writable for {user}, but models must be downloaded to it",
        "set MODEL_DIR to a writable folder, or copy the models there and set OCR_MODEL_SOURCE=dir",
    )


def _check_staging(root: Path) -> Finding:
    if staging.staging_folders(root) and not staging.is_downloading(root):
        message = f"{root} contains an interrupted download"
        return warning("MODEL_DIR", message, "nothing to do: the next download of the same model resumes it")
    return good("MODEL_DIR", f"{root} {'is readable and writable' if root.is_dir() else 'can be created'}")


def _nearest_existing(root: Path) -> Path:
    """The folder itself, or its nearest parent that exists."""
    return next(folder for folder in (root, *root.absolute().parents) if folder.exists())


def check_models(settings: Settings) -> Iterator[Finding]:
    """The state of each required model, without loading it."""
    if settings.model_source == "builtin":
        yield _check_builtin(settings)
        return
    unverified = _unverified_folders(settings)
    for name, problems in _problems(settings).items():
        if problems:
            yield _unusable(name, problems, settings)
            continue
        if name in unverified:
            yield _unverified(name, unverified[name], settings)
            continue
        yield good("models", f"{name} is complete")


def _unusable(name: str, problems: list[str], settings: Settings) -> Finding:
    if problems == [_MISSING] and settings.model_source == "hub":
        action = "run `ocr-backend models fetch` to download it now; otherwise the first start downloads it"
        return warning("models", f"{name} {_MISSING}", action)
    return bad("models", f"{name} {'; '.join(problems)}", "add the complete official folder")


def _unverified_folders(settings: Settings) -> dict[str, Path]:
    """Official name -> its folder, for models without a manifest, which a hub has to verify."""
    if settings.model_source != "hub":
        return {}
    root = Path(settings.model_dir)
    folders: dict[str, Path] = {}
    for name in model_roles.required_models(settings).values():
        published = (model_store.published_folder(root, name, each) for each in model_folder.WEIGHTS_FILES)
        if not any((folder / manifests.FILE_NAME).is_file() for folder in published):
            candidates = (
                model_store.unverified_folder(root, name, each) for each in model_folder.WEIGHTS_FILES
            )
            folders.update((name, folder) for folder in candidates if folder is not None)
    return folders


def _unverified(name: str, folder: Path, settings: Settings) -> Finding:
    message = f"{name} in {folder} has no {manifests.FILE_NAME}, so it is not verified"
    action = "set OCR_MODEL_SOURCE=dir to use it without verification"
    if settings.offline:
        return bad("models", f"{message}, and OCR_OFFLINE=true forbids verification against a hub", action)
    return warning(
        "models", message, f"run `ocr-backend models fetch` to verify it against a hub; or {action}"
    )


def _check_builtin(settings: Settings) -> Finding:
    try:
        with engine_factory.resolve_models(settings) as (_, models):
            return good("models", f"builtin: {', '.join(model.name for model in models.values())}")
    except ModelError as error:
        return bad("models", "the builtin models are not installed", str(error))


def _problems(settings: Settings) -> dict[str, list[str]]:
    """Official name or custom folder -> its problems, in the model format that has the fewest."""
    root = Path(settings.model_dir)
    problems = {
        name: _official_problems(root, role, name)
        for role, name in model_roles.required_models(settings).items()
    }
    for model in custom_models.configured(settings):
        problems[f"{model.variable} {model.folder}"] = custom_models.folder_problems(model)
    return problems


def _official_problems(root: Path, role: str, name: str) -> list[str]:
    problems_by_format = []
    for model_format in model_folder.WEIGHTS_FILES:
        folder = model_folder.find_folder(root, name, model_format)
        if folder is not None:
            problems = model_folder.problems(role, name, model_format, folder)
            problems_by_format.append([f"in {folder}: {problem}" for problem in problems])
    return min(problems_by_format, key=len, default=[_MISSING])


def _needs_download(settings: Settings) -> bool:
    return any(_problems(settings).values()) or bool(_unverified_folders(settings))


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Whether there is space for models that must still be downloaded."""
    if settings.model_source != "hub":
        yield skipped("disk", f"no downloads: OCR_MODEL_SOURCE={settings.model_source}")
        return
    folder = _nearest_existing(Path(settings.model_dir))
    free_bytes = shutil.disk_usage(folder).free
    message = f"{free_bytes / _MIB:.0f} MiB free at {folder}"
    if free_bytes < _NEEDED_BYTES and _needs_download(settings):
        action = f"models must be downloaded: free {_NEEDED_BYTES // _MIB} MiB, or change MODEL_DIR"
        yield warning("disk", message, action)
    else:
        yield good("disk", message)


def check_reading(settings: Settings) -> Iterator[Finding]:
    """Whether the models can be loaded and read the golden sample; downloads nothing."""
    if settings.model_source != "builtin" and any(_problems(settings).values()):
        yield skipped("reading", "models are missing or broken")
        return
    started = time.monotonic()
    try:
        engine, note = _load_and_read(settings)
    except (ModelError, GoldenSampleError) as error:
        yield bad("reading", str(error), "run `ocr-backend models verify` for details")
        return
    seconds = time.monotonic() - started
    if note:
        yield warning("reading", f"loaded with {engine} in {seconds:.1f} s", note)
    else:
        yield good("reading", f"loaded with {engine} and read the golden sample in {seconds:.1f} s")


def _load_and_read(settings: Settings) -> tuple[str, str]:
    """The engine, and a warning if a wrong result is tolerated.

    Raises:
        ModelError, GoldenSampleError: the models cannot be loaded, or read something else.
    """
    # As a hub would be asked about models without a manifest, the folders are used as they are.
    source = "dir" if settings.model_source == "hub" else settings.model_source
    reader = engine_factory.open_reader(replace(settings, model_source=source))
    try:
        custom_folders = [model.folder for model in custom_models.configured(settings)]
        return reader.engine, golden_sample.check(reader, settings.language, custom_folders)
    finally:
        reader.close()
