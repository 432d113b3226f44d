"""How a command ends: its exit statuses, and the ends that several commands share. Standard library only."""

import sys
from collections.abc import Mapping
from typing import NoReturn

from ocr_backend.settings import Settings, SettingsError, from_env

GOOD_STATUS = 0
FAULT_STATUS = 1
"""Something that was looked at is not good: a picture, a model, a check."""
SETTINGS_STATUS = 2
"""The command line or the settings are wrong."""
MODEL_STATUS = 3
"""A model cannot be had or loaded."""


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
