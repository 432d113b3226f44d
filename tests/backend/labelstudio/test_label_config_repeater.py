"""The tags inside and outside of a Repeater."""

import pytest

from label_configs import AREA, GUIDE_CONTROL_TAGS, IMAGE, RECTANGLE, view
from label_studio_project import GUIDES_CONFIG
from ocr_backend.config.settings import Settings
from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio.label_config import ControlTag, ControlTags, parse_label_config
from ocr_backend.labelstudio.label_config_xml import Repeater

REPEATED = (
    '<Image name="page_{{idx}}" value="$doc[{{idx}}].page"/>',
    '<Labels name="kinds_{{idx}}" toName="page_{{idx}}"><Label value="Text" alias="text-{{idx}}"/></Labels>',
    '<View><Rectangle name="box_{{idx}}" toName="page_{{idx}}"/></View>',
    '<TextArea name="words_{{idx}}" toName="page_{{idx}}" perRegion="true"/>',
)


def repeated(*tags: str, attributes: str = 'on="$doc"') -> str:
    return view("<Header value='Pages'/>", f"<View><Repeater {attributes}>{''.join(tags)}</Repeater></View>")


def test_the_tags_of_a_repeater_have_the_index_in_their_names() -> None:
    control_tags = parse_label_config(repeated(*REPEATED), Settings())
    assert (control_tags.repeater, control_tags.image) == (Repeater("$doc", "{{idx}}"), "page_{{idx}}")
    assert control_tags.at_index(12) == ControlTags(
        image="page_12",
        image_value="$doc[12].page",
        has_several_pages=False,
        shape=ControlTag("box_12", "rectangle"),
        labels=ControlTag("kinds_12", "labels"),
        text=ControlTag("words_12", "textarea"),
        label="text-12",
    )


def test_without_a_repeater_the_index_changes_nothing() -> None:
    assert parse_label_config(GUIDES_CONFIG, Settings()).at_index(3) == GUIDE_CONTROL_TAGS


def test_a_repeater_may_have_its_own_index_flag_and_several_pages() -> None:
    config = repeated(
        '<Image name="p#" valueList="$doc[#].pages"/>',
        '<RectangleLabels name="b#" toName="p#"><Label value="Text"/></RectangleLabels>',
        '<TextArea name="t#" toName="p#"/>',
        attributes='on="$doc" indexFlag="#" mode="pagination"',
    )
    tag = ControlTag("b1", "rectanglelabels")
    expected = ControlTags("p1", "$doc[1].pages", True, tag, tag, ControlTag("t1", "textarea"), "Text")
    assert parse_label_config(config, Settings()).at_index(1) == expected


def test_names_in_the_settings_contain_the_index_flag() -> None:
    chosen = Settings(image_to_name="page_{{idx}}", bbox_from_name="box_{{idx}}", image_data_key="s[{{idx}}]")
    control_tags = parse_label_config(repeated(*REPEATED), chosen).at_index(0)
    assert (control_tags.image, control_tags.shape.name, control_tags.image_value) == (
        "page_0",
        "box_0",
        "$s[0]",
    )


def test_tags_outside_of_a_repeater_do_not_belong_to_its_image() -> None:
    outside = '<TextArea name="words" toName="page_{{idx}}" perRegion="true"/>'
    config = view(outside, f'<Repeater on="$doc">{"".join(REPEATED[:3])}</Repeater>')
    assert parse_label_config(config, Settings()).text is None


def test_an_image_outside_of_a_repeater_keeps_its_tags() -> None:
    config = view(f'<Repeater on="$doc">{"".join(REPEATED)}</Repeater>', IMAGE, AREA, RECTANGLE)
    control_tags = parse_label_config(config, Settings())
    assert (control_tags.image, control_tags.shape.name, control_tags.repeater) == ("page", "box", None)


@pytest.mark.parametrize("attributes", ["", 'on="doc"'])
def test_a_repeater_without_a_variable_is_refused(attributes: str) -> None:
    with pytest.raises(LabelConfigError, match="no on=.* at the Repeater of its Image 'page_{{idx}}'"):
        parse_label_config(repeated(*REPEATED, attributes=attributes), Settings())
