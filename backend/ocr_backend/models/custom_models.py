"""Custom models: folders that the settings name, as PaddleOCR and PaddleX export fine-tuned models.

Finds every problem of such a folder and opens it; loads no network. The folder's name says nothing about the
model, so its inference.yml must. `engine_factory` and `models verify` use this.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.errors import GoldenSampleError
from ocr_backend.models import golden_sample, inference_config, manifests, model_folder
from ocr_backend.models.inference_config import FILE_NAME, InvalidConfigError
from ocr_backend.models.model_errors import unreadable, unusable_custom_folder
from ocr_backend.models.model_folder import WEIGHTS_FILES, Model, ModelError

_POST_PROCESSES = {"detection": "DBPostProcess", "recognition": "CTCLabelDecode"}
"""Role -> what decodes its output. PaddleOCR has others, which no engine here supports."""
_NAME_ENDS = {"detection": "_det", "recognition": "_rec"}
_VARIABLES = {"detection": "OCR_DETECTION_MODEL", "recognition": "OCR_RECOGNITION_MODEL"}

UNKNOWN_ROLE = (
    f"its {FILE_NAME} does not say what the model is for: PostProcess.name is neither "
    f"{' nor '.join(f'{name} ({role})' for role, name in _POST_PROCESSES.items())}"
)
"""The problem of a description without a role that `role_of` knows."""


@dataclass(frozen=True)
class CustomModel:
    """A folder that the settings name for a role, and the official model that it replaces."""

    role: str
    folder: Path
    official_name: str

    @property
    def variable(self) -> str:
        """The environment variable that names the folder."""
        return _VARIABLES[self.role]

    def unusable(self, problem: str) -> ModelError:
        """The error for a problem of this folder."""
        return ModelError(unusable_custom_folder(self.variable, self.folder, problem))


def configured(settings: Settings) -> tuple[CustomModel, ...]:
    """The custom models that the settings name; the settings guarantee that they are below MODEL_DIR."""
    official = model_catalog.model_set(settings.ocr_version, settings.language, settings.model_type)
    root = Path(settings.model_dir)
    folders = [
        ("detection", settings.detection_model, official.detection),
        ("recognition", settings.recognition_model, official.recognition),
    ]
    return tuple(CustomModel(role, root / folder, name) for role, folder, name in folders if folder)


def role_of(config: Mapping[str, Any]) -> str | None:
    """The role of a model with this description: by its postprocessing, else by its name."""
    post_process = inference_config.post_process_name(config)
    for role, name in _POST_PROCESSES.items():
        if post_process == name:
            return role
    name = str(inference_config.model_name(config))
    return next((role for role, end in _NAME_ENDS.items() if name.endswith(end)), None)


def formats_of(folder: Path) -> tuple[str, ...]:
    """The model formats whose weights are in a folder."""
    return tuple(model_format for model_format, file in WEIGHTS_FILES.items() if (folder / file).is_file())


def common_formats(custom_models: Sequence[CustomModel], formats: Sequence[str]) -> tuple[str, ...]:
    """Those of the formats that every custom model has, in the given order.

    Raises:
        ModelError: there are none.
    """
    for custom_model in custom_models:
        available = formats_of(custom_model.folder)
        if not set(available) & set(formats):
            raise custom_model.unusable(_no_format(custom_model.folder, available, formats))
    common = tuple(
        model_format
        for model_format in formats
        if all(model_format in formats_of(custom_model.folder) for custom_model in custom_models)
    )
    if not common:
        folders = " and ".join(str(custom_model.folder) for custom_model in custom_models)
        raise ModelError(
            f"the model folders {folders} have different formats, one {' and one '.join(WEIGHTS_FILES)}, but "
            "an engine reads with only one of them; export both models in the same format"
        )
    return common


def _no_format(folder: Path, available: Sequence[str], supported: Sequence[str]) -> str:
    if not folder.is_dir():
        return "the folder does not exist"
    if available:
        return (
            f"it is in {' and '.join(available)} format, but the engine supports only "
            f"{' or '.join(supported)} format"
        )
    return f"it has neither {' nor '.join(WEIGHTS_FILES.values())}"


def open_model(custom_model: CustomModel, model_format: str) -> Model:
    """The model in a custom folder. Its digest also covers the description, which may change alone.

    Raises:
        ModelError: the folder has a problem; the message names the first one.
    """
    folder = custom_model.folder
    for problem in problems(custom_model.role, model_format, folder):
        raise custom_model.unusable(problem)
    try:
        config = inference_config.load(folder)
        files = [file.name for file in model_folder.network_files(model_format, folder)]
        digest, _ = manifests.digests(folder, [*files, FILE_NAME])
    except OSError as error:
        raise custom_model.unusable(unreadable(error, folder)) from error
    described = inference_config.model_name(config)
    return Model(
        role=custom_model.role,
        name=folder.name,
        model_format=model_format,
        folder=folder,
        config=config,
        digest=digest,
        variable=custom_model.variable,
        base_model=described if isinstance(described, str) else custom_model.official_name,
    )


def problems(role: str, model_format: str, folder: Path) -> list[str]:
    """Everything wrong with a folder for a role that shows without loading the network."""
    of_files = [*model_folder.file_problems(model_format, folder), *_golden_sample_problems(folder)]
    try:
        config = inference_config.load(folder)
    except InvalidConfigError as error:
        return [error.config_problem, *of_files]
    return [*_config_problems(role, config), *of_files]


def folder_problems(custom_model: CustomModel) -> list[str]:
    """Everything wrong with a custom model, in the format with the fewest problems."""
    folder = custom_model.folder
    by_format = [problems(custom_model.role, each, folder) for each in formats_of(folder)]
    return min(by_format, key=len, default=[_no_format(folder, (), ())])


def _config_problems(role: str, config: Mapping[str, Any]) -> Iterator[str]:
    described_role = role_of(config)
    if described_role not in (None, role):
        yield f"its {FILE_NAME} describes a {described_role} model, not a {role} model"
        return
    post_process = inference_config.post_process_name(config)
    if post_process != _POST_PROCESSES[role]:
        yield (
            f"its {FILE_NAME} has PostProcess.name {post_process!r}; "
            f"a {role} model must have {_POST_PROCESSES[role]!r}"
        )
    yield from inference_config.dictionary_problems(role, config)


def _golden_sample_problems(folder: Path) -> Iterator[str]:
    try:
        golden_sample.load(folder)
    except GoldenSampleError as error:
        yield str(error)
