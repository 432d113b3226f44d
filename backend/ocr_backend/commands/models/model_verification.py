"""Finds all problems of the models in a folder.

Changes nothing. `ocr-backend models verify` calls it; downloads are verified by `models.hub`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ocr_backend.models import custom_models, inference_config, model_folder, model_roles
from ocr_backend.models.hub import model_store, staging
from ocr_backend.models.model_folder import WEIGHTS_FILES, Model, ModelError
from ocr_backend.ocr import load_check


@dataclass(frozen=True)
class VerificationResult:
    """The result for one folder. `digest` is empty if there are problems; `note` is for the user."""

    folder: Path
    name: str
    model_format: str = ""
    digest: str = ""
    problems: tuple[str, ...] = ()
    note: str = ""


def verify_models(root: Path) -> Iterator[VerificationResult]:
    """The results for all model folders in a folder, in order, or for the folder if it is a model folder."""
    if _detect_format(root):
        yield _verify(root)
        return
    for folder in _model_folders(root):
        if folder.name != model_store.PUBLISHED:
            yield _verify(folder)
    for folder in staging.staging_folders(root):
        yield _verify_staging(folder)


def _model_folders(root: Path) -> list[Path]:
    official = root / model_store.PUBLISHED
    parents = [root, official] if official.is_dir() else [root]
    entries = (entry for parent in parents for entry in parent.iterdir())
    # Hidden folders hold no models, but locks and a cache of PaddleX, and downloads in progress.
    return sorted(entry for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def _detect_format(folder: Path) -> str:
    """The model format of a folder, or an empty text if it is not a model folder."""
    for model_format, file in WEIGHTS_FILES.items():
        if (folder / file).is_file():
            return model_format
    if not (folder / inference_config.FILE_NAME).is_file():
        return ""
    return "onnx" if folder.name.endswith("_onnx") else "paddle"


def _verify(folder: Path) -> VerificationResult:
    model_format = _detect_format(folder)
    if not model_format:
        files = " or ".join([inference_config.FILE_NAME, *WEIGHTS_FILES.values()])
        problem = f"it is not a model folder as PaddleX creates them: it has no {files}"
        return VerificationResult(folder, folder.name, problems=(problem,))
    name = folder.name.removesuffix("_onnx")
    role = model_roles.role_of(name)
    if role is None:
        return _verify_custom(folder, model_format)
    problems = model_folder.problems(role, name, model_format, folder)
    if problems:
        return VerificationResult(folder, name, model_format, problems=tuple(problems))
    result = VerificationResult(folder, name, model_format)
    return _load(result, lambda: model_folder.open_model(role, name, model_format, folder))


def _verify_custom(folder: Path, model_format: str) -> VerificationResult:
    """The result for a folder without an official name, whose role depends on its description."""
    try:
        config = inference_config.load(folder)
    except ModelError:
        problems = model_folder.problems("", folder.name, model_format, folder)
        return VerificationResult(folder, folder.name, model_format, problems=tuple(problems))
    role = custom_models.role_of(config)
    if role is None:
        return _verify_unused(folder, model_format, inference_config.model_name(config))
    problems = custom_models.problems(role, model_format, folder)
    if problems:
        return VerificationResult(folder, folder.name, model_format, problems=tuple(problems))
    model = custom_models.CustomModel(role, folder, folder.name)
    note = f"a custom model, for {model.variable}"
    result = VerificationResult(folder, folder.name, model_format, note=note)
    return _load(result, lambda: custom_models.open_model(model, model_format))


def _verify_unused(folder: Path, model_format: str, model_name: object) -> VerificationResult:
    problems = list(model_folder.file_problems(model_format, folder))
    if not isinstance(model_name, str):
        problems.insert(0, custom_models.UNKNOWN_ROLE)
    note = f"this backend does not use {model_name!r}"
    return VerificationResult(folder, folder.name, model_format, problems=tuple(problems), note=note)


def _load(result: VerificationResult, open_model: Callable[[], Model]) -> VerificationResult:
    """The result after loading the model."""
    folder, name, model_format = result.folder, result.name, result.model_format
    try:
        model = open_model()
    except ModelError as error:  # the folder changed, or a file cannot be read completely
        return VerificationResult(folder, name, model_format, problems=(str(error),))
    if not load_check.can_load(model_format):
        note = f"not loaded: no installed engine runs models in {model_format} format"
        return VerificationResult(folder, name, model_format, model.digest, note=note)
    problem = load_check.load_problem(model)
    if problem:
        return VerificationResult(folder, name, model_format, problems=(problem,), note=result.note)
    return VerificationResult(folder, name, model_format, model.digest, note=result.note)


def _verify_staging(folder: Path) -> VerificationResult:
    if staging.is_active(folder):
        return VerificationResult(folder, folder.name, note="a download in progress")
    problem = (
        "an interrupted download; the next download of this model resumes it, `models prune --yes` removes it"
    )
    return VerificationResult(folder, folder.name, problems=(problem,))
