"""The inference.yml of a model folder: which model it describes, and how its input and output are processed.

Reads and checks the file; knows no other file of the folder.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

import yaml

from ocr_backend.config import model_catalog
from ocr_backend.models import scripts
from ocr_backend.models.model_errors import ModelError, broken_folder, unreadable

FILE_NAME = "inference.yml"


class InvalidConfigError(ModelError):
    """An inference.yml cannot be read; `config_problem` says why, without the folder."""

    def __init__(self, folder: Path, config_problem: str) -> None:
        super().__init__(broken_folder(folder, config_problem))
        self.config_problem = config_problem


def load(folder: Path) -> dict[str, Any]:
    """The content of a folder's inference.yml.

    Raises:
        InvalidConfigError: it cannot be read.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # 20 times as fast on long dictionaries
    try:
        config = yaml.load((folder / FILE_NAME).read_bytes(), Loader=loader)
    except OSError as error:
        raise InvalidConfigError(folder, f"its {unreadable(error, folder)}") from error
    except yaml.YAMLError as error:
        raise InvalidConfigError(folder, f"its {FILE_NAME} is not valid YAML") from error
    if not isinstance(config, dict):
        raise InvalidConfigError(folder, f"its {FILE_NAME} is not a mapping")
    return config


def official_problems(role: str, name: str, config: Mapping[str, Any]) -> Iterator[str]:
    """Everything wrong with the description of an official model."""
    described = model_name(config)
    if described != name:
        yield f"its {FILE_NAME} describes the model {described!r}, not {name!r}"
    yield from dictionary_problems(role, config)
    yield from _script_problems(name, config)


def dictionary_problems(role: str, config: Mapping[str, Any]) -> Iterator[str]:
    """A problem, if a recognition model has no valid dictionary."""
    if role == "recognition" and not _is_dictionary(_section(config, "PostProcess").get("character_dict")):
        yield f"its {FILE_NAME} has no list of characters (PostProcess.character_dict)"


def _script_problems(name: str, config: Mapping[str, Any]) -> Iterator[str]:
    """A problem, if the dictionary of an official recogniser lacks letters of a language that it reads."""
    characters = _section(config, "PostProcess").get("character_dict")
    if not _is_dictionary(characters):
        return
    known = set(characters)
    for language in model_catalog.languages_read_by(name):
        if missing := scripts.missing_letters(language, known):
            yield (
                f"the dictionary in its {FILE_NAME} lacks the letters {missing} of the language {language}: "
                f"it is not the dictionary of {name}"
            )
            return


def model_name(config: Mapping[str, Any]) -> object:
    """The name that the description gives its model, or None."""
    return _section(config, "Global").get("model_name")


def post_process_name(config: Mapping[str, Any]) -> object:
    """What decodes the network's output, or None."""
    return _section(config, "PostProcess").get("name")


def transform(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The options of one step of the preprocessing; empty without the step or its options."""
    steps = config.get("PreProcess", {}).get("transform_ops", [])
    return next((step[name] for step in steps if step.get(name)), {})


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = config.get(name)
    return section if isinstance(section, dict) else {}


def _is_dictionary(characters: object) -> TypeGuard[list[str]]:
    return (
        isinstance(characters, list)
        and bool(characters)
        and all(isinstance(character, str) for character in characters)
    )
