"""All settings of the backend, from and to environment variables.

Only `from_env` reads the environment; the operator writes it with `to_env`. The CRD, the chart's schema and
the documentation are generated from `SETTINGS`. Standard library only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ocr_backend.config import environment, settings_validation
from ocr_backend.config.setting_fields import Problem, setting_table
from ocr_backend.config.settings_validation import UncheckedSettings


class SettingsError(ValueError):
    """Invalid settings; `problems` holds one `Problem` for each, in the order of `SETTINGS`."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings(UncheckedSettings):
    """Valid settings. The constructor raises `SettingsError` for bad values and bad combinations."""

    def __post_init__(self) -> None:
        problems = tuple(settings_validation.problems(self, SETTINGS))
        if problems:
            raise SettingsError(problems)


SETTINGS = setting_table(Settings)


def from_env(variables: Mapping[str, str]) -> Settings:
    """The settings in the environment; an empty variable counts as unset.

    Raises:
        SettingsError: for all invalid values, bad combinations and unknown names.
    """
    variables = environment.without_service_links(variables)
    values, problems = environment.parse(SETTINGS, variables)
    problems += tuple(environment.unknown_names(SETTINGS, variables))
    try:
        settings = Settings(**values)
    except SettingsError as error:
        problems += error.problems
    if problems:
        raise SettingsError(problems)
    return settings


def to_env(settings: Settings) -> dict[str, str]:
    """The variables from which `from_env` makes these settings: those that differ from the defaults.

    The result contains secrets; callers that store it must remove the settings marked `secret`.
    """
    values = ((setting, getattr(settings, setting.name)) for setting in SETTINGS)
    return {setting.env: setting.write(value) for setting, value in values if value != setting.default}
