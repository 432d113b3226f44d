"""Model folders as PaddleX lays them out: which are needed, where they lie, whether they are whole.

Uses neither engine nor network. `builtin_models` and `hub_models` put such folders in place; `engines` asks
`gather` for them. What cannot be used is a `ModelError` that names the folder and says what to do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.models import manifests
from ocr_backend.models.model_errors import ModelError as ModelError

CONFIG = "inference.yml"
FORMS = {"onnx": ("inference.onnx",), "paddle": ("inference.pdiparams",)}
"""Form of a folder -> files with the weights."""
_PADDLE_GRAPHS = ("inference.json", "inference.pdmodel")
"""Either holds the network of a folder in paddle form: the first since paddle 3, the second before."""


@dataclass(frozen=True)
class Model:
    """A whole model folder: `config` is its inference.yml, `digest` the SHA-256 of its weights in hex."""

    part: str
    name: str
    form: str
    folder: Path
    config: Mapping[str, Any]
    digest: str
    chosen_by: str = ""
    """The variable that named the folder of a custom model; empty for official ones."""
    architecture: str = ""
    """Official name of the model that a custom one was made from; empty: it is `name`."""

    @property
    def weights(self) -> Path:
        """The file that holds the weights."""
        return self.folder / FORMS[self.form][0]

    @property
    def files(self) -> list[Path]:
        """What holds the weights and, in paddle form, the network; their digest is the model's."""
        return network_files(self.form, self.folder)

    @property
    def official_name(self) -> str:
        """The official model that it is or was made from: PaddleOCR reads with it in the way of that one."""
        return self.architecture or self.name

    def unusable(self, fault: str) -> ModelError:
        """The error for something wrong with it, which says what to do."""
        if self.chosen_by:
            return ModelError(unusable(self.chosen_by, self.folder, fault))
        return ModelError(broken(self.folder, fault))

    @property
    def size(self) -> int:
        """Bytes of those files."""
        return sum(file.stat().st_size for file in self.files)


def needed(settings: Settings) -> dict[str, str]:
    """Part -> official name of each official model that the settings ask for."""
    models = model_catalog.model_set(settings.ocr_version, settings.language, settings.model_type)
    is_builtin = settings.model_source == "builtin"
    turning = model_catalog.BUILTIN_TEXTLINE_ORIENTATION if is_builtin else model_catalog.TEXTLINE_ORIENTATION
    wanted = [
        ("detection", models.detection, not settings.detection_model),
        ("recognition", models.recognition, not settings.recognition_model),
        ("textline_orientation", turning, settings.use_textline_orientation),
        ("doc_orientation", model_catalog.DOC_ORIENTATION, settings.use_doc_orientation),
        ("doc_unwarping", model_catalog.DOC_UNWARPING, settings.use_doc_unwarping),
    ]
    return {part: name for part, name, is_wanted in wanted if is_wanted}


def part_of(name: str) -> str | None:
    """The part that an official model plays; None for a name that no settings need."""
    singles = {model: part for part, model in model_catalog.OPTIONAL.items()}
    singles[model_catalog.BUILTIN_TEXTLINE_ORIENTATION] = "textline_orientation"
    for combination in model_catalog.combinations():
        found = model_catalog.model_set(*combination)
        if name in (found.detection, found.recognition):
            return "detection" if name == found.detection else "recognition"
    return singles.get(name)


def package(name: str, form: str) -> str:
    """Name of the folder in which PaddleX keeps a model of a form."""
    return f"{name}_onnx" if form == "onnx" else name


def places(root: Path, name: str, form: str) -> Iterator[Path]:
    """Folders in which a model of a form may lie, the likeliest first."""
    for above in (root, root / "official_models"):
        yield above / package(name, form)
        if form == "onnx":
            yield above / name


def located(root: Path, name: str, form: str) -> Path | None:
    """Folder of a model that is there in a form, whole or not; None when there is none."""
    for folder in places(root, name, form):
        # `NAME_onnx` can only be meant as that form; plain `NAME` is, when it has such weights.
        is_meant = folder.name == package(name, form) if form == "onnx" else _has_weights(folder, form)
        if folder.is_dir() and (is_meant or _has_weights(folder, form)):
            return folder
    return None


def _has_weights(folder: Path, form: str) -> bool:
    return any((folder / file).is_file() for file in FORMS[form])


def in_folder(root: Path, names: Mapping[str, str], forms: Sequence[str]) -> dict[str, Model]:
    """The named models, all of the first of the forms in which every one lies below `root`.

    Raises:
        ModelError: no form has them all, or a folder is broken.
    """
    for form in forms:
        folders = {part: located(root, name, form) for part, name in names.items()}
        found = {part: folder for part, folder in folders.items() if folder is not None}
        if len(found) == len(names):
            return {part: opened(part, names[part], form, folder) for part, folder in found.items()}
    raise ModelError(_missing(root, names, forms))


def _missing(root: Path, names: Mapping[str, str], forms: Sequence[str]) -> str:
    absent = [name for name in names.values() if not any(located(root, name, form) for form in forms)]
    if not absent:
        return (
            f"the models in {root} are of different forms; {', '.join(names.values())} must all be there "
            f"as {' or all as '.join(forms)}"
        )
    looked = ", ".join(dict.fromkeys(str(place) for form in forms for place in places(root, absent[0], form)))
    return (
        f"no model {' and no model '.join(absent)} in {root} (looked for {looked}, and the like); "
        "put the official folders there, or set OCR_MODEL_SOURCE=hub to download them"
    )


def opened(part: str, name: str, form: str, folder: Path) -> Model:
    """The model in a folder; where the folder has a manifest, each file is as it says, to the last byte.

    Raises:
        ModelError: a file is missing, empty, unreadable or changed, or the folder is that of another model.
    """
    config = described(folder)
    of_files = (*faults_of_files(form, folder), *manifests.faults(folder, name, form))
    for fault in (*_faults_of_config(part, name, config), *of_files):
        raise ModelError(broken(folder, fault))
    try:
        # They are read to their ends in any case, so that comparing them with the manifest costs nothing.
        digest, each = manifests.digests(folder, [file.name for file in network_files(form, folder)])
        for fault in manifests.digest_faults(folder, each):
            raise ModelError(broken(folder, fault))
    except OSError as error:
        raise ModelError(broken(folder, unreadable(error, folder))) from error
    return Model(part, name, form, folder, config, digest)


def faults(part: str, name: str, form: str, folder: Path) -> list[str]:
    """All that is wrong with a folder, as far as its description and its files show without being loaded.

    Quick: of the weights one byte is read. What a manifest says of their sizes is compared.
    """
    of_files = [*faults_of_files(form, folder), *manifests.faults(folder, name, form)]
    try:
        return [*_faults_of_config(part, name, described(folder)), *of_files]
    except ConfigError as error:
        return [error.fault, *of_files]


def broken(folder: Path, fault: str) -> str:
    """The sentence for what is wrong with a folder, and what to do."""
    return f"the model folder {folder} is broken: {fault}; put the whole official folder there"


def unusable(env: str, folder: Path, fault: str) -> str:
    """The sentence for what is wrong with a folder that a variable names, and what to do."""
    return f"{env} names the model folder {folder}, which cannot be used: {fault}; see docs/custom-models.md"


class ConfigError(ModelError):
    """A description cannot be read; `fault` says why, without the folder."""

    def __init__(self, folder: Path, fault: str) -> None:
        super().__init__(broken(folder, fault))
        self.fault = fault


def _faults_of_config(part: str, name: str, config: Mapping[str, Any]) -> Iterator[str]:
    said = official_name(config)
    if said != name:
        yield f"its {CONFIG} says that it is {said!r}, not {name!r}"
    if part == "recognition" and not is_dictionary(config.get("PostProcess")):
        yield f"its {CONFIG} has no list of characters (PostProcess.character_dict)"


def official_name(config: Mapping[str, Any]) -> object:
    """The name that a description gives its model; None where it gives none."""
    said = config.get("Global")
    return said.get("model_name") if isinstance(said, dict) else None


def faults_of_files(form: str, folder: Path) -> Iterator[str]:
    """What is wrong with the files of a form, without loading them: each must be there and hold something."""
    for file in network_files(form, folder):
        try:
            with file.open("rb") as stream:
                is_empty = not stream.read(1)
        except OSError as error:
            yield unreadable(error, folder)
        else:
            if is_empty:
                yield f"{file.name} is empty"


def unreadable(error: OSError, folder: Path) -> str:
    """What is wrong with a file of a folder that the system did not let us read."""
    return f"{Path(error.filename or folder).name} cannot be read: {error.strerror}"


def network_files(form: str, folder: Path) -> list[Path]:
    """The files that hold the weights and, in paddle form, the network; there or not."""
    files = [*FORMS[form]]
    if form == "paddle":
        files += [next((graph for graph in _PADDLE_GRAPHS if (folder / graph).is_file()), _PADDLE_GRAPHS[0])]
    return [folder / file for file in files]


def described(folder: Path) -> dict[str, Any]:
    """What the inference.yml of a folder says.

    Raises:
        ModelError: it cannot be read.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # 20 times as fast on long dictionaries
    try:
        config = yaml.load((folder / CONFIG).read_bytes(), Loader=loader)
    except OSError as error:
        raise ConfigError(folder, f"its {CONFIG} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(folder, f"its {CONFIG} is no YAML") from error
    if not isinstance(config, dict):
        raise ConfigError(folder, f"its {CONFIG} is no mapping")
    return config


def is_dictionary(post_process: object) -> bool:
    """Whether a description's PostProcess has the characters that a recogniser knows."""
    characters = post_process.get("character_dict") if isinstance(post_process, dict) else None
    return isinstance(characters, list) and bool(characters) and all(isinstance(c, str) for c in characters)
