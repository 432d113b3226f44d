"""How a command ends: its exit statuses, and the ends that several commands share. Standard library only."""

import sys
from collections.abc import Mapping
from typing import NoReturn

from ocr_backend.config.settings import Settings, SettingsError, from_env
from ocr_backend.models.model_errors import ModelError, ModelMismatchError, ModelNotFoundError, VolumeError

GOOD_STATUS = 0
FAULT_STATUS = 1
"""Something that was looked at is not good: an image, a model, a check."""
SETTINGS_STATUS = 2
"""The command line or the settings are wrong."""
MODEL_STATUS = 3
"""A model cannot be had or loaded."""
NOT_FOUND_STATUS = 4
MISMATCH_STATUS = 5
VOLUME_STATUS = 6

STATUSES = {
    GOOD_STATUS: "all is good",
    FAULT_STATUS: "something that was looked at is not good: an image, a model, a check",
    SETTINGS_STATUS: "the command line or the settings are wrong",
    MODEL_STATUS: "a model cannot be had or loaded: no hub answers in time, one refuses, OCR_OFFLINE "
    "forbids to ask, or a folder of OCR_MODEL_SOURCE=dir is missing or broken",
    NOT_FOUND_STATUS: "the hub that was chosen answers, and does not have a model",
    MISMATCH_STATUS: "what the hub gave is not what its list says: size, checksum, or no model at all",
    VOLUME_STATUS: "MODEL_DIR is full, or cannot be written",
}
"""Every exit status of the commands, and what it means; a table of the manual."""

_OF_ERRORS: Mapping[type[ModelError], int] = {
    ModelNotFoundError: NOT_FOUND_STATUS,
    ModelMismatchError: MISMATCH_STATUS,
    VolumeError: VOLUME_STATUS,
}


def status_of(error: ModelError) -> int:
    """The exit status that tells why a model cannot be had."""
    return next((status for kind, status in _OF_ERRORS.items() if isinstance(error, kind)), MODEL_STATUS)


def settings_or_exit(variables: Mapping[str, str]) -> Settings:
    """The settings, or the end of the process with all that is wrong with them."""
    try:
        return from_env(variables)
    except SettingsError as error:
        end_for(error)


def end_for(error: SettingsError) -> NoReturn:
    """Ends the process with all that is wrong with the settings."""
    lines = "".join(f"\n  {problem}" for problem in error.problems)
    print(f"ocr-backend cannot start, the settings are wrong:{lines}", file=sys.stderr)
    raise SystemExit(SETTINGS_STATUS) from error


def end(status: int, command: str, why: object) -> NoReturn:
    """Ends the process with a sentence on standard error."""
    print(f"ocr-backend {command}: {why}", file=sys.stderr)
    raise SystemExit(status)
