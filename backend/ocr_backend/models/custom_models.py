"""Custom models: folders that the settings name, as PaddleOCR and PaddleX export what was fine-tuned.

Says what a folder is, everything that is wrong with it, and opens it; loads no network. The name of such a
folder says nothing, so its inference.yml must. `engines` and `verifying` ask it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.errors import GoldenSampleError
from ocr_backend.models import golden_sample, manifests, model_folder
from ocr_backend.models.model_folder import CONFIG, FORMS, ConfigError, Model, ModelError

_POST_PROCESSES = {"detection": "DBPostProcess", "recognition": "CTCLabelDecode"}
"""Part -> what its networks' answers are read with; there are others, which neither engine here has."""
_VARIABLES = {"detection": "OCR_DETECTION_MODEL", "recognition": "OCR_RECOGNITION_MODEL"}

NO_PART = (
    f"its {CONFIG} does not say what it is for: PostProcess.name is neither "
    f"{' nor '.join(f'{name} ({part})' for part, name in _POST_PROCESSES.items())}"
)
"""What is wrong with a description from which `part_of` learns nothing."""


@dataclass(frozen=True)
class Choice:
    """A folder for a part that the settings name; `official` is the model in whose place it stands."""

    part: str
    folder: Path
    official: str

    @property
    def variable(self) -> str:
        """The variable that names the folder."""
        return _VARIABLES[self.part]


def chosen(settings: Settings) -> tuple[Choice, ...]:
    """The folders that the settings name; the settings have made sure that they lie below MODEL_DIR."""
    official = model_catalog.model_set(settings.ocr_version, settings.language, settings.model_type)
    root = Path(settings.model_dir)
    named = [
        ("detection", settings.detection_model, official.detection),
        ("recognition", settings.recognition_model, official.recognition),
    ]
    return tuple(Choice(part, root / folder, name) for part, folder, name in named if folder)


def part_of(config: Mapping[str, Any]) -> str | None:
    """The part that a model of this description plays: how its answer is read decides, else its name."""
    post = _post_process(config)
    for part, name in _POST_PROCESSES.items():
        if post == name:
            return part
    said = str(model_folder.official_name(config))
    return next(
        (part for part, end in (("detection", "_det"), ("recognition", "_rec")) if said.endswith(end)), None
    )


def forms_of(folder: Path) -> tuple[str, ...]:
    """The forms whose weights lie in a folder."""
    return tuple(form for form, files in FORMS.items() if all((folder / file).is_file() for file in files))


def common_forms(choices: Sequence[Choice], forms: Sequence[str]) -> tuple[str, ...]:
    """Those of the forms in which every chosen folder is, in their order.

    Raises:
        ModelError: a folder is in none of them.
    """
    for choice in choices:
        there = forms_of(choice.folder)
        if not set(there) & set(forms):
            raise ModelError(
                model_folder.unusable(choice.variable, choice.folder, _no_form(choice.folder, there, forms))
            )
    common = tuple(form for form in forms if all(form in forms_of(choice.folder) for choice in choices))
    if not common:
        folders = " and ".join(str(choice.folder) for choice in choices)
        raise ModelError(
            f"the model folders {folders} are of different forms, one {' and one '.join(FORMS)}, and an "
            "engine reads with one of them; export both models in the same form"
        )
    return common


def _no_form(folder: Path, there: Sequence[str], forms: Sequence[str]) -> str:
    if not folder.is_dir():
        return "there is no such folder"
    if there:
        return (
            f"it is in {' and '.join(there)} form, and what reads here takes {' or '.join(forms)} form only"
        )
    return f"it has neither {' nor '.join(file for files in FORMS.values() for file in files)}"


def opened(choice: Choice, form: str) -> Model:
    """The model in a chosen folder. Its digest covers the description too, which may change by itself.

    Raises:
        ModelError: something is wrong with the folder; the message names the first thing.
    """
    for fault in faults(choice.part, form, choice.folder):
        raise ModelError(model_folder.unusable(choice.variable, choice.folder, fault))
    try:
        config = model_folder.described(choice.folder)
        files = [*(file.name for file in model_folder.network_files(form, choice.folder)), CONFIG]
        digest, _ = manifests.digests(choice.folder, files)
    except OSError as error:
        fault = model_folder.unreadable(error, choice.folder)
        raise ModelError(model_folder.unusable(choice.variable, choice.folder, fault)) from error
    said = model_folder.official_name(config)
    return Model(
        part=choice.part,
        name=choice.folder.name,
        form=form,
        folder=choice.folder,
        config=config,
        digest=digest,
        chosen_by=choice.variable,
        architecture=said if isinstance(said, str) else choice.official,
    )


def faults(part: str, form: str, folder: Path) -> list[str]:
    """All that is wrong with a folder for a part, as far as it shows without loading the network."""
    of_files = [*model_folder.faults_of_files(form, folder), *_faults_of_golden(folder)]
    try:
        return [*_faults_of_config(part, model_folder.described(folder)), *of_files]
    except ConfigError as error:
        return [error.fault, *of_files]


def faults_of(choice: Choice) -> list[str]:
    """The same of a chosen folder, in the form of which least is wrong."""
    each = [faults(choice.part, form, choice.folder) for form in forms_of(choice.folder)]
    return min(each, key=len, default=[_no_form(choice.folder, (), ())])


def _faults_of_config(part: str, config: Mapping[str, Any]) -> Iterator[str]:
    actual = part_of(config)
    if actual not in (None, part):
        yield f"its {CONFIG} says that it is a {actual} model, not one for {part}"
        return
    if _post_process(config) != _POST_PROCESSES[part]:
        yield (
            f"its {CONFIG} has PostProcess.name {_post_process(config)!r}; "
            f"a {part} model has {_POST_PROCESSES[part]!r} there"
        )
    if part == "recognition" and not model_folder.is_dictionary(config.get("PostProcess")):
        yield f"its {CONFIG} has no list of characters (PostProcess.character_dict)"


def _faults_of_golden(folder: Path) -> Iterator[str]:
    try:
        golden_sample.of_folder(folder)
    except GoldenSampleError as error:
        yield str(error)


def _post_process(config: Mapping[str, Any]) -> object:
    said = config.get("PostProcess")
    return said.get("name") if isinstance(said, dict) else None
