"""What a folder of models holds, and everything that is wrong with it.

Changes nothing. `ocr-backend models verify` and `doctor` ask it; whoever fetches models uses `model_store`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ocr_backend.models import custom_models, model_folder
from ocr_backend.models.hub import lease_lock, model_store
from ocr_backend.models.model_folder import CONFIG, FORMS, Model, ModelError
from ocr_backend.ocr import load_check


@dataclass(frozen=True)
class Verdict:
    """What was found in one folder. `digest` is empty where there are problems; `note` is worth knowing."""

    folder: Path
    name: str
    form: str
    digest: str
    problems: tuple[str, ...]
    note: str = ""


def verdicts(root: Path) -> Iterator[Verdict]:
    """One for each model folder in a folder of models, in order, or the one of a model folder itself."""
    if _form(root):
        yield _verdict(root)
        return
    for folder in _inside(root):
        if folder.name != model_store.PUBLISHED:
            yield _verdict(folder)
    for place in model_store.places_of_staging(root):
        yield _of_staging(place)


def _inside(root: Path) -> list[Path]:
    official = root / model_store.PUBLISHED
    above = [root, official] if official.is_dir() else [root]
    # Hidden ones hold no models: PaddleX keeps locks and a cache in such, and a fetch what is on its way.
    return sorted(
        entry
        for folder in above
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(".")
    )


def _form(folder: Path) -> str:
    """The form that a folder's files are of; empty when it is no model folder."""
    for form, files in FORMS.items():
        if any((folder / file).is_file() for file in files):
            return form
    return ("onnx" if folder.name.endswith("_onnx") else "paddle") if (folder / CONFIG).is_file() else ""


def _verdict(folder: Path) -> Verdict:
    form = _form(folder)
    if not form:
        weights = " or ".join(file for files in FORMS.values() for file in files)
        return Verdict(
            folder,
            folder.name,
            "",
            "",
            (f"it is no model folder as PaddleX lays them out: it has neither {CONFIG} nor {weights}",),
        )
    name = folder.name.removesuffix("_onnx")
    part = model_folder.part_of(name)
    if part is None:
        return _of_custom(form, folder)
    problems = model_folder.faults(part, name, form, folder)
    if problems:
        return Verdict(folder, name, form, "", tuple(problems))
    return _tried(lambda: model_folder.opened(part, name, form, folder), folder, name, form)


def _of_custom(form: str, folder: Path) -> Verdict:
    """What is in a folder without an official name: its description tells which part it can play."""
    try:
        config = model_folder.described(folder)
    except ModelError:
        return Verdict(
            folder, folder.name, form, "", tuple(model_folder.faults("", folder.name, form, folder))
        )
    part = custom_models.part_of(config)
    if part is None:
        said = model_folder.official_name(config)
        problems = list(model_folder.faults_of_files(form, folder))
        if not isinstance(said, str):
            problems.insert(0, custom_models.NO_PART)
        return Verdict(
            folder, folder.name, form, "", tuple(problems), f"nothing in this backend reads with {said!r}"
        )
    problems = custom_models.faults(part, form, folder)
    if problems:
        return Verdict(folder, folder.name, form, "", tuple(problems))
    choice = custom_models.Choice(part, folder, folder.name)
    note = f"a custom model, for {choice.variable}"
    return _tried(lambda: custom_models.opened(choice, form), folder, folder.name, form, note)


def _tried(open_model: Callable[[], Model], folder: Path, name: str, form: str, note: str = "") -> Verdict:
    try:
        model = open_model()
    except ModelError as error:  # it changed, or could not be read to its end
        return Verdict(folder, name, form, "", (str(error),))
    if not load_check.can_try(form):
        note = f"not loaded: nothing that is installed runs networks in {form} form"
        return Verdict(folder, name, form, model.digest, (), note)
    fault = load_check.fault(model)
    return Verdict(folder, name, form, "" if fault else model.digest, (fault,) if fault else (), note)


def _of_staging(folder: Path) -> Verdict:
    if lease_lock.is_claimed(folder):
        return Verdict(folder, folder.name, "", "", (), "a fetch that is under way")
    left = "a fetch left it half-way; the next fetch of this model goes on, `models prune --yes` removes it"
    return Verdict(folder, folder.name, "", "", (left,))
