"""Label configs with several images, without boxes, without texts, or without anything."""

import pytest

from label_configs import AREA, IMAGE, RECTANGLE, RECTANGLE_LABELS, view
from ocr_backend.config.settings import Settings
from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio.label_config import ControlTag, PageTextTag, has_named_tags, parse_label_config

BACK = '<Image name="back" value="$back"/>'
BACK_BOX = '<Rectangle name="back_box" toName="back"/>'
BACK_AREA = '<TextArea name="back_words" toName="back" perRegion="true"/>'
LOGO = '<Image name="logo" value="$logo"/>'
TWO_IMAGES = view(IMAGE, RECTANGLE, AREA, LOGO, BACK, BACK_BOX, BACK_AREA)


def test_each_image_that_something_draws_on_is_read() -> None:
    front, back = parse_label_config(TWO_IMAGES, Settings()).of_each_image
    assert (front.image, front.image_value, front.further, front.warning) == ("page", "$scan", (), "")
    assert (back.image, back.image_value, back.shape, back.text) == (
        "back",
        "$back",
        ControlTag("back_box", "rectangle"),
        ControlTag("back_words", "textarea"),
    )


def test_tags_may_belong_to_several_images() -> None:
    shared = (
        '<Rectangle name="b" toName="page,back"/><TextArea name="t" toName="page, back" perRegion="true"/>'
    )
    tags = parse_label_config(view(IMAGE, BACK, shared), Settings()).of_each_image
    assert [(each.image, each.shape and each.shape.name) for each in tags] == [("page", "b"), ("back", "b")]
    assert [each.text and each.text.name for each in tags] == ["t", "t"]


@pytest.mark.parametrize("changed", [{"image_to_name": "page"}, {"image_data_key": "scan"}], ids=str)
def test_a_setting_that_names_the_image_selects_one(changed: dict) -> None:
    assert len(parse_label_config(TWO_IMAGES, Settings(**changed)).of_each_image) == 1


def test_an_image_that_cannot_be_read_gives_a_warning() -> None:
    fixed = '<Image name="back" value="back.png"/>'
    tags = parse_label_config(view(IMAGE, RECTANGLE, AREA, fixed, BACK_BOX, BACK_AREA), Settings())
    assert len(tags.of_each_image) == 1
    assert tags.warning.startswith("the Image 'back' is not read: the label config has no value=")
    tags = parse_label_config(TWO_IMAGES, Settings(bbox_from_name="box"))
    assert tags.warning.startswith("the Image 'back' is not read: BBOX_FROM_NAME is 'box'")


def test_boxes_without_a_text_area_get_no_text_but_a_warning() -> None:
    tags = parse_label_config(view(IMAGE, RECTANGLE_LABELS), Settings())
    assert (tags.shape, tags.text) == (ControlTag("boxes", "rectanglelabels"), None)
    assert tags.warning == "the label config has no TextArea for the Image 'page', so boxes get no text"


def test_a_text_area_of_the_task_needs_no_boxes() -> None:
    tags = parse_label_config(view(IMAGE, '<TextArea name="words" toName="page"/>'), Settings())
    assert (tags.shape, tags.labels, tags.text, tags.page_text) == (None, None, None, PageTextTag("words"))
    assert tags.warning == ""
    with pytest.raises(LabelConfigError, match="no tag that draws"):
        parse_label_config(view(IMAGE, AREA), Settings())


REMARKS = '<TextArea name="remarks" toName="page"/>'
DOCUMENT = '<TextArea name="document" toName="page" model_format="DocLang"/>'


@pytest.mark.parametrize(
    ("tags", "text", "page_text"),
    [
        pytest.param([REMARKS], None, PageTextTag("remarks"), id="without boxes"),
        pytest.param([REMARKS, DOCUMENT], None, PageTextTag("document", "doclang"), id="the one that asks"),
        pytest.param(
            [AREA, DOCUMENT], None, PageTextTag("document", "doclang"), id="a TextArea for no boxes"
        ),
        pytest.param([RECTANGLE, REMARKS], "remarks", None, id="regions take what there is"),
        pytest.param([RECTANGLE, REMARKS, AREA], "words", None, id="remarks stay empty"),
        pytest.param([RECTANGLE, DOCUMENT, AREA], "words", PageTextTag("document", "doclang"), id="both"),
        pytest.param(
            [RECTANGLE, DOCUMENT], None, PageTextTag("document", "doclang"), id="boxes without text"
        ),
    ],
)
def test_a_text_area_takes_the_text_of_regions_or_of_the_page(tags, text, page_text) -> None:
    control_tags = parse_label_config(view(IMAGE, *tags), Settings())
    assert (control_tags.text and control_tags.text.name, control_tags.page_text) == (text, page_text)


def test_a_format_that_is_not_known_is_an_error() -> None:
    area = DOCUMENT.replace("DocLang", "hocr")
    with pytest.raises(LabelConfigError, match="'document' has model_format='hocr'; known: text, doclang"):
        parse_label_config(view(IMAGE, area), Settings())


def test_a_setting_selects_the_text_area_of_the_page() -> None:
    settings = Settings(text_from_name="remarks")
    assert parse_label_config(view(IMAGE, DOCUMENT, REMARKS), settings).page_text == PageTextTag("remarks")
    with pytest.raises(LabelConfigError, match="no tag that draws"):
        parse_label_config(view(IMAGE, DOCUMENT, AREA), Settings(text_from_name="words"))


def test_label_studios_template_for_pages_is_read() -> None:
    template = (
        '<Repeater on="$images" indexFlag="{{idx}}" mode="pagination"><View>'
        '<Image name="page_{{idx}}" value="$images[{{idx}}].url"/>'
        '<RectangleLabels name="labels_{{idx}}" toName="page_{{idx}}"><Label value="Title"/>'
        "</RectangleLabels></View></Repeater>"
    )
    second = parse_label_config(view(template), Settings()).at_index(1)
    assert (second.image, second.image_value) == ("page_1", "$images[1].url")
    assert (second.shape, second.label) == (ControlTag("labels_1", "rectanglelabels"), "Title")


@pytest.mark.parametrize(
    ("config", "is_set_up"),
    [("", False), (" ", False), ("<View/>", False), ("<View><Header/></View>", False)],
)
def test_a_new_project_has_no_named_tags(config: str, is_set_up: bool) -> None:
    assert has_named_tags(config) is is_set_up
    assert has_named_tags(TWO_IMAGES)
