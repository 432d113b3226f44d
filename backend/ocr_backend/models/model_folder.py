"""Model folders in PaddleX's layout: how they are found, opened and checked.

Uses neither engine nor network. `builtin_models` and `hub` create such folders; `engine_factory` loads models
from them. A folder that cannot be used raises a `ModelError` that names it and says what to do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr_backend.models import inference_config, manifests
from ocr_backend.models.inference_config import InvalidConfigError
from ocr_backend.models.model_errors import ModelError as ModelError
from ocr_backend.models.model_errors import broken_folder, unreadable, unusable_custom_folder

WEIGHTS_FILES = {"onnx": "inference.onnx", "paddle": "inference.pdiparams"}
"""Model format -> the file with the weights."""
_PADDLE_GRAPHS = ("inference.json", "inference.pdmodel")
"""The network of a folder in paddle format: the first name since Paddle 3, the second before."""


@dataclass(frozen=True)
class Model:
    """A complete model folder: `config` is its inference.yml, `digest` the SHA-256 of its weights in hex."""

    role: str
    name: str
    model_format: str
    folder: Path
    config: Mapping[str, Any]
    digest: str
    variable: str = ""
    """The environment variable that names the folder of a custom model; empty for official models."""
    base_model: str = ""
    """Official name of the model that a custom model was trained from; empty for official models."""

    @property
    def weights(self) -> Path:
        """The file with the weights."""
        return self.folder / WEIGHTS_FILES[self.model_format]

    @property
    def files(self) -> list[Path]:
        """The files with the weights and, in paddle format, the network; `digest` covers them."""
        return network_files(self.model_format, self.folder)

    @property
    def official_name(self) -> str:
        """Name of the official model; PaddleOCR selects preprocessing and postprocessing by it."""
        return self.base_model or self.name

    def unusable(self, problem: str) -> ModelError:
        """The error for a problem of this model."""
        if self.variable:
            return ModelError(unusable_custom_folder(self.variable, self.folder, problem))
        return ModelError(broken_folder(self.folder, problem))

    @property
    def size(self) -> int:
        """Bytes of `files`."""
        return sum(file.stat().st_size for file in self.files)


def folder_name(name: str, model_format: str) -> str:
    """Name of the folder in which PaddleX keeps a model of this format."""
    return f"{name}_onnx" if model_format == "onnx" else name


def _candidate_folders(root: Path, name: str, model_format: str) -> Iterator[Path]:
    """Folders that may hold a model of this format, the most likely first."""
    for parent in (root, root / "official_models"):
        yield parent / folder_name(name, model_format)
        if model_format == "onnx":
            yield parent / name


def find_folder(root: Path, name: str, model_format: str) -> Path | None:
    """The folder of a model of this format, complete or not; None if there is none."""
    for folder in _candidate_folders(root, name, model_format):
        has_weights = (folder / WEIGHTS_FILES[model_format]).is_file()
        # `NAME_onnx` can only be in onnx format; plain `NAME` is in any format that it has weights of.
        is_onnx_by_name = model_format == "onnx" and folder.name == folder_name(name, "onnx")
        if folder.is_dir() and (has_weights or is_onnx_by_name):
            return folder
    return None


def load_models(root: Path, names: Mapping[str, str], formats: Sequence[str]) -> dict[str, Model]:
    """The named models below `root` by role, all in the first of the formats that is complete.

    Raises:
        ModelError: no format has all models, or a folder is broken.
    """
    for model_format in formats:
        candidates = {role: find_folder(root, name, model_format) for role, name in names.items()}
        folders = {role: folder for role, folder in candidates.items() if folder is not None}
        if len(folders) == len(names):
            return {
                role: open_model(role, names[role], model_format, folder) for role, folder in folders.items()
            }
    raise ModelError(_missing_models(root, names, formats))


def _missing_models(root: Path, names: Mapping[str, str], formats: Sequence[str]) -> str:
    missing = [name for name in names.values() if not any(find_folder(root, name, each) for each in formats)]
    if not missing:
        return (
            f"the models in {root} have different formats; {', '.join(names.values())} must all be there "
            f"in {' or all in '.join(formats)} format"
        )
    folders = [folder for each in formats for folder in _candidate_folders(root, missing[0], each)]
    return (
        f"no model {' and no model '.join(missing)} in {root} "
        f"(looked for {', '.join(map(str, dict.fromkeys(folders)))}, and so on); "
        "put the official folders there, or set OCR_MODEL_SOURCE=hub to download them"
    )


def open_model(role: str, name: str, model_format: str, folder: Path) -> Model:
    """The model in a folder; if the folder has a manifest, every file has exactly the content listed there.

    Raises:
        ModelError: a file is missing, empty, unreadable or changed, or the folder holds another model.
    """
    config = inference_config.load(folder)
    detected = [
        *inference_config.official_problems(role, name, config),
        *file_problems(model_format, folder),
        *manifests.size_problems(folder, name, model_format),
    ]
    if detected:
        raise ModelError(broken_folder(folder, detected[0]))
    try:
        # The weights are read completely for the model's digest, so comparing them with the manifest is free.
        files = [file.name for file in network_files(model_format, folder)]
        digest, digest_by_name = manifests.digests(folder, files)
        detected = list(manifests.digest_problems(folder, digest_by_name))
    except OSError as error:
        detected = [unreadable(error, folder)]
    if detected:
        raise ModelError(broken_folder(folder, detected[0]))
    return Model(role, name, model_format, folder, config, digest)


def problems(role: str, name: str, model_format: str, folder: Path) -> list[str]:
    """Everything wrong with an official model's folder that shows without loading the network.

    Fast: reads one byte of the weights, and compares sizes with the manifest.
    """
    of_files = [*file_problems(model_format, folder), *manifests.size_problems(folder, name, model_format)]
    try:
        config = inference_config.load(folder)
    except InvalidConfigError as error:
        return [error.config_problem, *of_files]
    return [*inference_config.official_problems(role, name, config), *of_files]


def file_problems(model_format: str, folder: Path) -> list[str]:
    """Problems of the files of the network, without loading it: each must be readable and not empty."""
    results = (_file_problem(file) for file in network_files(model_format, folder))
    return [problem for problem in results if problem]


def _file_problem(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            is_empty = not stream.read(1)
    except OSError as error:
        return unreadable(error, file)
    return f"{file.name} is empty" if is_empty else ""


def network_files(model_format: str, folder: Path) -> list[Path]:
    """The files with the weights and, in paddle format, the network; they need not exist."""
    weights = folder / WEIGHTS_FILES[model_format]
    if model_format == "onnx":
        return [weights]
    graphs = [folder / graph for graph in _PADDLE_GRAPHS]
    return [weights, next((graph for graph in graphs if graph.is_file()), graphs[0])]
