"""The tags that are found in a label config."""

import time

import pytest

from label_configs import (
    AREA,
    GUIDE_CONTROL_TAGS,
    IMAGE,
    LABELS,
    LAYOUT,
    POLYGON,
    POLYGON_LABELS,
    RECTANGLE,
    RECTANGLE_LABELS,
    view,
)
from label_studio_project import GUIDES_CONFIG
from ocr_backend.config.settings import Settings
from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio.label_config import ControlTag, parse_label_config


@pytest.mark.parametrize("config", [GUIDES_CONFIG, "", "  \n"], ids=["the guide's", "none", "blank"])
def test_the_guides_names_hold_for_its_config_and_without_one(config: str) -> None:
    assert parse_label_config(config, Settings()) == GUIDE_CONTROL_TAGS


@pytest.mark.parametrize(
    ("tags", "shape", "labels"),
    [
        pytest.param(
            (RECTANGLE, LABELS), ControlTag("box", "rectangle"), ControlTag("kinds", "labels"), id="rectangle"
        ),
        pytest.param(
            (POLYGON, LABELS), ControlTag("outline", "polygon"), ControlTag("kinds", "labels"), id="polygon"
        ),
        pytest.param(
            (POLYGON, RECTANGLE, LABELS),
            ControlTag("box", "rectangle"),
            ControlTag("kinds", "labels"),
            id="both",
        ),
        pytest.param(
            (RECTANGLE_LABELS,),
            ControlTag("boxes", "rectanglelabels"),
            ControlTag("boxes", "rectanglelabels"),
            id="own",
        ),
        pytest.param(
            (POLYGON_LABELS,),
            ControlTag("outlines", "polygonlabels"),
            ControlTag("outlines", "polygonlabels"),
            id="own2",
        ),
        pytest.param((RECTANGLE,), ControlTag("box", "rectangle"), None, id="no labels"),
        pytest.param(
            (RECTANGLE, RECTANGLE_LABELS),
            ControlTag("boxes", "rectanglelabels"),
            ControlTag("boxes", "rectanglelabels"),
            id="labels of its own win over none",
        ),
        pytest.param(
            (LAYOUT, RECTANGLE_LABELS),
            ControlTag("boxes", "rectanglelabels"),
            ControlTag("boxes", "rectanglelabels"),
            id="the set that has the label",
        ),
        pytest.param(
            (LAYOUT, POLYGON_LABELS),
            ControlTag("outlines", "polygonlabels"),
            ControlTag("outlines", "polygonlabels"),
            id="the set that has the label, of another shape",
        ),
        pytest.param(
            (LAYOUT, LABELS, RECTANGLE),
            ControlTag("box", "rectangle"),
            ControlTag("kinds", "labels"),
            id="two kinds of sets",
        ),
    ],
)
def test_every_kind_of_shape_tag_is_found(tags, shape, labels) -> None:
    control_tags = parse_label_config(view(IMAGE, AREA, *tags), Settings())
    assert (control_tags.image, control_tags.image_value, control_tags.text.name) == (
        "page",
        "$scan",
        "words",
    )
    assert (control_tags.shape, control_tags.labels, control_tags.warning) == (shape, labels, "")


def test_the_order_nesting_and_case_of_tags_do_not_matter() -> None:
    config = (
        "<View><View>" + AREA + '</View><rectangle NAME="box" toname="page"/>' + LABELS + IMAGE + "</View>"
    )
    control_tags = parse_label_config(config, Settings())
    assert (control_tags.shape.name, control_tags.labels, control_tags.text.name) == (
        "box",
        ControlTag("kinds", "labels"),
        "words",
    )


def test_tags_of_another_image_are_ignored() -> None:
    other = '<Rectangle name="elsewhere" toName="map"/><TextArea name="notes" toName="map" perRegion="true"/>'
    control_tags = parse_label_config(
        view(other, IMAGE, AREA, RECTANGLE, '<Image name="map" value="$map"/>'), Settings()
    )
    assert (control_tags.image, control_tags.shape.name, control_tags.text.name) == ("page", "box", "words")


def test_an_image_without_a_shape_tag_is_ignored() -> None:
    logo = '<Image name="logo" value="$logo"/><TextArea name="notes" toName="logo" perRegion="true"/>'
    control_tags = parse_label_config(view(logo, IMAGE, AREA, RECTANGLE), Settings())
    assert (control_tags.image, control_tags.image_value, control_tags.text.name) == (
        "page",
        "$scan",
        "words",
    )


def test_a_text_area_for_regions_is_preferred_to_one_for_the_task() -> None:
    remarks = '<TextArea name="remarks" toName="page"/>'
    assert parse_label_config(view(IMAGE, remarks, AREA, RECTANGLE), Settings()).text.name == "words"
    assert parse_label_config(view(IMAGE, remarks, RECTANGLE), Settings()).text.name == "remarks"


def test_a_value_list_means_several_pages() -> None:
    control_tags = parse_label_config(
        view('<Image name="page" valueList="$pages"/>', AREA, RECTANGLE), Settings()
    )
    assert (control_tags.image_value, control_tags.has_several_pages) == ("$pages", True)


def test_a_value_list_is_preferred_to_a_value_as_in_label_studio() -> None:
    both = '<Image name="page" value="$cover" valueList="$pages"/>'
    assert parse_label_config(view(both, AREA, RECTANGLE), Settings()).image_value == "$pages"


def test_a_blank_around_a_value_does_not_matter() -> None:
    image = '<Image name="page" value=" $scan "/>'
    assert parse_label_config(view(image, AREA, RECTANGLE), Settings()).image_value == "$scan"


@pytest.mark.parametrize("value", ["$meta.image", "$images[0].url", "https://web.example/$name"])
def test_a_value_may_be_any_expression(value: str) -> None:
    control_tags = parse_label_config(
        view(f'<Image name="page" value="{value}"/>', AREA, RECTANGLE), Settings()
    )
    assert control_tags.image_value == value


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        pytest.param((), "no Image with a name", id="nothing"),
        pytest.param(('<Image name="page"/>', AREA, RECTANGLE), "no value=", id="image without value"),
        pytest.param(('<Image name="page" value="x.png"/>', AREA, RECTANGLE), "no value=", id="fixed image"),
        pytest.param((IMAGE, LABELS), "no tag that draws", id="labels only"),
        pytest.param((IMAGE, AREA, LABELS), "no tag that draws", id="no shape"),
        pytest.param((IMAGE, AREA, '<Ellipse name="e" toName="page"/>'), "no tag that draws", id="ellipse"),
        pytest.param(('<Text name="t" value="$text"/>',), "no Image", id="a text project"),
    ],
)
def test_a_label_config_without_a_required_tag_is_refused_with_the_required_tags(tags, problem: str) -> None:
    with pytest.raises(LabelConfigError, match=f"^the label config has {problem}.*; it needs an Image"):
        parse_label_config(view(*tags), Settings())


def test_among_several_labels_tags_the_one_with_the_label_is_selected() -> None:
    script = '<Labels name="script" toName="page"><Label value="Latin"/></Labels>'
    control_tags = parse_label_config(view(IMAGE, AREA, RECTANGLE, script, LABELS), Settings())
    assert (control_tags.labels, control_tags.label) == (ControlTag("kinds", "labels"), "Text")


def test_the_only_label_is_selected_if_none_is_set() -> None:
    words = LABELS.replace("Text", "Word").replace('<Label value="Stamp"/>', "")
    assert parse_label_config(view(IMAGE, AREA, RECTANGLE, words), Settings()).label == "Word"


def test_the_time_grows_with_the_length_of_the_label_config_and_not_faster() -> None:
    images = "".join(f'<Image name="i{number}" value="$a"/>' for number in range(3800))
    other_tags = "".join(f'<Labels name="l{number}" toName="x"/>' for number in range(3200))
    started = time.process_time()
    with pytest.raises(LabelConfigError, match="no tag that draws"):
        parse_label_config(view(images, other_tags), Settings())
    assert time.process_time() - started < 2, "it took seconds when each image was compared with each tag"
