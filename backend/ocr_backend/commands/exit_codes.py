"""Exit statuses of the commands, and the ways to end that several commands share. Standard library only."""

import sys
from collections.abc import Mapping
from typing import NoReturn

from ocr_backend.config.settings import Settings, SettingsError, from_env
from ocr_backend.models.model_errors import ModelError, ModelMismatchError, ModelNotFoundError, VolumeError

OK_STATUS = 0
FAILED_STATUS = 1
"""Something that was checked or read has a problem: an image, a model, a task."""
USAGE_STATUS = 2
"""The command line or the settings are wrong."""
MODEL_STATUS = 3
"""A model is not available or cannot be loaded."""
NOT_FOUND_STATUS = 4
MISMATCH_STATUS = 5
VOLUME_STATUS = 6

EXIT_STATUSES = {
    OK_STATUS: "success",
    FAILED_STATUS: "something that was checked or read has a problem: an image, a model, a task, a check",
    USAGE_STATUS: "the command line or the settings are wrong",
    MODEL_STATUS: "a model is not available or cannot be loaded: no hub answers in time, a hub refuses, "
    "OCR_OFFLINE forbids the download, or a folder of OCR_MODEL_SOURCE=dir is missing or broken",
    NOT_FOUND_STATUS: "the selected hub answers, but does not have a model",
    MISMATCH_STATUS: "a download differs from the hub's list in size or checksum, or is not a model",
    VOLUME_STATUS: "MODEL_DIR is full or not writable",
}
"""Exit status -> its meaning; a table of the documentation."""

_STATUS_OF_ERROR: Mapping[type[ModelError], int] = {
    ModelNotFoundError: NOT_FOUND_STATUS,
    ModelMismatchError: MISMATCH_STATUS,
    VolumeError: VOLUME_STATUS,
}


def exit_status(error: ModelError) -> int:
    """The exit status for an error of a model."""
    matches = (status for kind, status in _STATUS_OF_ERROR.items() if isinstance(error, kind))
    return next(matches, MODEL_STATUS)


def settings_or_exit(variables: Mapping[str, str]) -> Settings:
    """The settings; ends the process with a list of all problems if there are any."""
    try:
        return from_env(variables)
    except SettingsError as error:
        exit_with_settings_errors(error)


def exit_with_settings_errors(error: SettingsError) -> NoReturn:
    """Ends the process with a list of all problems of the settings."""
    problems = "".join(f"\n  {problem}" for problem in error.problems)
    print(f"ocr-backend cannot start, the settings are wrong:{problems}", file=sys.stderr)
    raise SystemExit(USAGE_STATUS) from error


def exit_with_message(status: int, command: str, message: object) -> NoReturn:
    """Ends the process with a message on standard error."""
    print(f"ocr-backend {command}: {message}", file=sys.stderr)
    raise SystemExit(status)
