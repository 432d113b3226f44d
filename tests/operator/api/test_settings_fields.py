"""Fields of the spec map to settings of the backend and back."""

import pytest

from ocr_backend.config.environment import PREFIXES
from ocr_backend.config.settings import SETTINGS
from ocr_operator.api.settings_fields import (
    KEY_FIELDS,
    MODEL_FIELDS,
    OPTION_FIELDS,
    RESERVED_NAMES,
    SHARED_FIELDS,
    SettingField,
    setting_values,
)

ALL_FIELDS = SHARED_FIELDS + KEY_FIELDS + OPTION_FIELDS + MODEL_FIELDS


@pytest.mark.parametrize("field", ALL_FIELDS, ids=lambda field: field.path)
def test_a_value_survives_the_round_trip(field: SettingField) -> None:
    for value in field.setting.choices or [field.setting.default]:
        if value is not None:
            assert field.to_setting(field.to_spec(value)) == value


@pytest.mark.parametrize("field", ALL_FIELDS, ids=lambda field: field.path)
def test_choices_are_in_camel_case(field: SettingField) -> None:
    is_api_enum = field.setting.name in ("engine", "precision", "model_source", "model_hub", "log_format")
    if is_api_enum:
        assert all(choice[0].isupper() for choice in field.choices)


def test_every_setting_is_a_field_unless_the_operator_sets_it() -> None:
    settings_with_field = {field.setting.name for field in ALL_FIELDS}
    assert {setting.name for setting in SETTINGS} - settings_with_field == {
        "host",
        "port",
        "health_port",
        "model_dir",
        "use_gpu",
        "basic_auth_user",
        "basic_auth_pass",
        "label_studio_api_key",
        # These need a volume of the user; `env` may set them.
        "local_files_document_root",
        "image_cache_dir",
    }


def test_the_variables_of_every_field_are_reserved() -> None:
    for field in ALL_FIELDS:
        for name in (field.setting.env, *field.setting.aliases):
            assert name in RESERVED_NAMES or name.startswith(PREFIXES)


def test_values_are_read_below_their_parents() -> None:
    spec = {"engine": "Paddle", "options": {"scoreThreshold": "0.75"}, "server": {"allowedHosts": ["a", "b"]}}
    assert setting_values(SHARED_FIELDS, spec) == {
        "engine": "paddle",
        "score_threshold": 0.75,
        "allowed_hosts": ("a", "b"),
    }
