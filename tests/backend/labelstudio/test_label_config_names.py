"""Names in the settings that select tags and labels."""

import pytest

from label_configs import AREA, IMAGE, LABELS, RECTANGLE, view
from label_studio_project import GUIDES_CONFIG
from ocr_backend.config.settings import Settings
from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio.label_config import ControlTag, ControlTags, parse_label_config


def test_names_in_the_settings_select_the_tags() -> None:
    twice = view(
        IMAGE,
        '<Image name="back" value="$back"/>',
        '<Rectangle name="r1" toName="back"/><Rectangle name="r2" toName="back"/>',
        '<Labels name="l1" toName="back"><Label value="Text"/></Labels>',
        '<Labels name="l2" toName="back"><Label value="Word"/></Labels>',
        '<TextArea name="t1" toName="back"/><TextArea name="t2" toName="back"/>',
    )
    chosen = Settings(
        image_to_name="back",
        bbox_from_name="r2",
        label_from_name="l2",
        text_from_name="t2",
        predicted_label="Word",
        image_data_key="other",
    )
    assert parse_label_config(twice, chosen) == ControlTags(
        "back",
        "$other",
        False,
        ControlTag("r2", "rectangle"),
        ControlTag("l2", "labels"),
        ControlTag("t2", "textarea"),
        "Word",
    )


@pytest.mark.parametrize(
    ("setting", "env"),
    [
        ("image_to_name", "IMAGE_TO_NAME"),
        ("bbox_from_name", "BBOX_FROM_NAME"),
        ("label_from_name", "LABEL_FROM_NAME"),
        ("text_from_name", "TEXT_FROM_NAME"),
    ],
)
def test_a_name_in_the_settings_that_no_tag_has_is_refused_with_the_names_that_exist(
    setting: str, env: str
) -> None:
    with pytest.raises(LabelConfigError, match=f"{env} is 'nowhere', .*; unset {env} or rename the tag"):
        parse_label_config(GUIDES_CONFIG, Settings(**{setting: "nowhere"}))


@pytest.mark.parametrize(
    ("predicted_label", "label", "is_warned"),
    [
        pytest.param("Stamp", "Stamp", False, id="a label of the tag"),
        pytest.param("Seal", None, True, id="not a label of the tag"),
    ],
)
def test_the_label_in_the_settings_is_selected(
    predicted_label: str, label: str | None, is_warned: bool
) -> None:
    control_tags = parse_label_config(
        view(IMAGE, AREA, RECTANGLE, LABELS), Settings(predicted_label=predicted_label)
    )
    assert (control_tags.label, bool(control_tags.warning)) == (label, is_warned)
