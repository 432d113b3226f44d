"""Fields of the spec and settings of the backend are the same things under two names."""

import pytest

from ocr_backend.config.environment import PREFIXES
from ocr_backend.config.settings import SETTINGS
from ocr_operator.api.settings_fields import (
    FAMILY_FIELDS,
    KEY_FIELDS,
    MODEL_FIELDS,
    OPTION_FIELDS,
    RESERVED_NAMES,
    SettingField,
    values,
)

ALL = FAMILY_FIELDS + KEY_FIELDS + OPTION_FIELDS + MODEL_FIELDS


@pytest.mark.parametrize("field", ALL, ids=lambda field: field.path)
def test_what_a_field_shows_it_reads_back(field: SettingField) -> None:
    for value in field.row.choices or [field.row.default]:
        if value is not None:
            assert field.read(field.shown(value)) == value


@pytest.mark.parametrize("field", ALL, ids=lambda field: field.path)
def test_choices_are_written_in_the_way_of_kubernetes(field: SettingField) -> None:
    is_enum_of_ours = field.row.name in ("engine", "precision", "model_source", "model_hub", "log_format")
    if is_enum_of_ours:
        assert all(choice[0].isupper() for choice in field.choices)


def test_every_setting_is_a_field_or_none_of_the_users_business_in_a_cluster() -> None:
    with_field = {field.row.name for field in ALL}
    without = {row.name for row in SETTINGS} - with_field
    assert without == {
        "host",
        "port",
        "model_dir",
        "use_gpu",
        "basic_auth_user",
        "basic_auth_pass",
        "label_studio_api_key",
        # These need a volume of the user's, which a spec cannot have yet; extraEnv may set them.
        "local_files_document_root",
        "image_cache_dir",
    }


def test_names_that_extra_env_must_leave_alone_cover_every_field() -> None:
    for field in ALL:
        for name in (field.row.env, *field.row.aliases):
            assert name in RESERVED_NAMES or name.startswith(PREFIXES)


def test_values_are_found_below_their_parents() -> None:
    spec = {"engine": "Paddle", "options": {"scoreThreshold": "0.75"}, "server": {"allowedHosts": ["a", "b"]}}
    assert values(FAMILY_FIELDS, spec) == {
        "engine": "paddle",
        "score_threshold": 0.75,
        "allowed_hosts": ("a", "b"),
    }
