"""Checks the settings, and provides usable ones for the other checks."""

from collections.abc import Iterator, Mapping
from typing import Any

from ocr_backend.commands.doctor.findings import Finding, bad, good
from ocr_backend.config import environment
from ocr_backend.config.settings import SETTINGS, Settings, SettingsError, from_env


def check_settings(variables: Mapping[str, str]) -> Iterator[Finding]:
    """One finding per problem, including unknown variables; without problems, the variables that are set."""
    try:
        from_env(variables)
    except SettingsError as error:
        for problem in error.problems:
            yield bad("settings", str(problem), "correct it; `ocr-backend settings` lists the allowed values")
        return
    names = [setting.env for setting in SETTINGS if setting.name in _values(variables)]
    yield good("settings", f"valid; set: {', '.join(names)}" if names else "valid; all have their defaults")


def usable_settings(variables: Mapping[str, str]) -> Settings:
    """The settings, with the default for each invalid one."""
    values = _values(variables)
    names = {setting.env: setting.name for setting in SETTINGS}
    while True:
        try:
            return Settings(**values)
        except SettingsError as error:
            invalid = {names[problem.env] for problem in error.problems} & values.keys()
            # A problem may concern an unset variable, because of others; then all get their defaults.
            values = {name: value for name, value in values.items() if invalid and name not in invalid}


def _values(variables: Mapping[str, str]) -> dict[str, Any]:
    return environment.parse(SETTINGS, environment.without_service_links(variables))[0]
