"""The settings: all that is wrong with them, and those with which the other checks can go on."""

from collections.abc import Iterator, Mapping
from typing import Any

from ocr_backend.commands.doctor.findings import Finding, bad, good
from ocr_backend.config import environment
from ocr_backend.config.settings import SETTINGS, Settings, SettingsError, from_env


def findings(variables: Mapping[str, str]) -> Iterator[Finding]:
    """One for each problem, unknown variables included, or one that says which are set."""
    try:
        from_env(variables)
    except SettingsError as error:
        for problem in error.problems:
            yield bad("settings", str(problem), "mend it; `ocr-backend settings` lists what is allowed")
        return
    names = [row.env for row in SETTINGS if row.name in _given(variables)]
    yield good("settings", f"allowed; set are {', '.join(names)}" if names else "allowed; none is set")


def usable(variables: Mapping[str, str]) -> Settings:
    """The settings, with the default in place of each that is wrong."""
    given = _given(variables)
    names = {row.env: row.name for row in SETTINGS}
    while True:
        try:
            return Settings(**given)
        except SettingsError as error:
            wrong = {names[problem.env] for problem in error.problems} & given.keys()
            # A problem may be told of a setting that has its default, because of others: then none is kept.
            given = {name: value for name, value in given.items() if wrong and name not in wrong}


def _given(variables: Mapping[str, str]) -> dict[str, Any]:
    return environment.values(SETTINGS, environment.without_service_links(variables))[0]
