import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio.label_config import ControlTags, Tag, controls_of
from ocr_backend.labelstudio.label_config_xml import Repeater

GUIDE = """
<View>
  <Image name="image" value="$image"/>
  <Labels name="label" toName="image">
    <Label value="Text" background="green"/>
    <Label value="Handwriting" background="blue"/>
  </Labels>
  <Rectangle name="bbox" toName="image" strokeWidth="3"/>
  <TextArea name="transcription" toName="image" editable="true" perRegion="true" required="true"
            maxSubmissions="1" rows="5" placeholder="Recognized Text" displayMode="region-list"/>
</View>
"""
OF_THE_GUIDE = ControlTags(
    image="image",
    image_value="$image",
    several_pages=False,
    shape=Tag("bbox", "rectangle"),
    labels=Tag("label", "labels"),
    text=Tag("transcription", "textarea"),
    label="Text",
)


def view(*tags: str) -> str:
    return f"<View>{''.join(tags)}</View>"


IMAGE = '<Image name="page" value="$scan"/>'
AREA = '<TextArea name="words" toName="page" perRegion="true"/>'
LABELS = '<Labels name="kinds" toName="page"><Label value="Text"/><Label value="Stamp"/></Labels>'
RECTANGLE = '<Rectangle name="box" toName="page"/>'
POLYGON = '<Polygon name="outline" toName="page"/>'
RECTANGLE_LABELS = '<RectangleLabels name="boxes" toName="page"><Label value="Text"/></RectangleLabels>'
LAYOUT = '<RectangleLabels name="layout" toName="page"><Label value="Table"/></RectangleLabels>'
POLYGON_LABELS = '<PolygonLabels name="outlines" toName="page"><Label value="Text"/></PolygonLabels>'


@pytest.mark.parametrize("config", [GUIDE, "", "  \n"], ids=["the guide's", "none", "blank"])
def test_the_guides_names_hold_for_its_config_and_without_one(config: str) -> None:
    assert controls_of(config, Settings()) == OF_THE_GUIDE


@pytest.mark.parametrize(
    ("tags", "shape", "labels"),
    [
        pytest.param((RECTANGLE, LABELS), Tag("box", "rectangle"), Tag("kinds", "labels"), id="rectangle"),
        pytest.param((POLYGON, LABELS), Tag("outline", "polygon"), Tag("kinds", "labels"), id="polygon"),
        pytest.param(
            (POLYGON, RECTANGLE, LABELS), Tag("box", "rectangle"), Tag("kinds", "labels"), id="both"
        ),
        pytest.param(
            (RECTANGLE_LABELS,), Tag("boxes", "rectanglelabels"), Tag("boxes", "rectanglelabels"), id="own"
        ),
        pytest.param(
            (POLYGON_LABELS,), Tag("outlines", "polygonlabels"), Tag("outlines", "polygonlabels"), id="own2"
        ),
        pytest.param((RECTANGLE,), Tag("box", "rectangle"), None, id="no labels"),
        pytest.param(
            (RECTANGLE, RECTANGLE_LABELS),
            Tag("boxes", "rectanglelabels"),
            Tag("boxes", "rectanglelabels"),
            id="labels of its own win over none",
        ),
        pytest.param(
            (LAYOUT, RECTANGLE_LABELS),
            Tag("boxes", "rectanglelabels"),
            Tag("boxes", "rectanglelabels"),
            id="the set that has the label",
        ),
        pytest.param(
            (LAYOUT, POLYGON_LABELS),
            Tag("outlines", "polygonlabels"),
            Tag("outlines", "polygonlabels"),
            id="the set that has the label, of another shape",
        ),
        pytest.param(
            (LAYOUT, LABELS, RECTANGLE),
            Tag("box", "rectangle"),
            Tag("kinds", "labels"),
            id="two kinds of sets",
        ),
    ],
)
def test_each_way_to_draw_is_found(tags, shape, labels) -> None:
    found = controls_of(view(IMAGE, AREA, *tags), Settings())
    assert (found.image, found.image_value, found.text.name) == ("page", "$scan", "words")
    assert (found.shape, found.labels, found.warning) == (shape, labels, "")


def test_the_order_nesting_and_case_of_tags_do_not_matter() -> None:
    config = (
        "<View><View>" + AREA + '</View><rectangle NAME="box" toname="page"/>' + LABELS + IMAGE + "</View>"
    )
    found = controls_of(config, Settings())
    assert (found.shape.name, found.labels, found.text.name) == ("box", Tag("kinds", "labels"), "words")


def test_tags_of_another_image_are_passed_over() -> None:
    other = '<Rectangle name="elsewhere" toName="map"/><TextArea name="notes" toName="map" perRegion="true"/>'
    found = controls_of(view(other, IMAGE, AREA, RECTANGLE, '<Image name="map" value="$map"/>'), Settings())
    assert (found.image, found.shape.name, found.text.name) == ("page", "box", "words")


def test_an_image_on_which_nothing_draws_is_passed_over() -> None:
    logo = '<Image name="logo" value="$logo"/><TextArea name="notes" toName="logo" perRegion="true"/>'
    found = controls_of(view(logo, IMAGE, AREA, RECTANGLE), Settings())
    assert (found.image, found.image_value, found.text.name) == ("page", "$scan", "words")


def test_a_text_area_for_regions_wins_over_one_for_the_whole_task() -> None:
    remarks = '<TextArea name="remarks" toName="page"/>'
    assert controls_of(view(IMAGE, remarks, AREA, RECTANGLE), Settings()).text.name == "words"
    assert controls_of(view(IMAGE, remarks, RECTANGLE), Settings()).text.name == "remarks"


def test_a_list_of_pages_is_told_apart() -> None:
    found = controls_of(view('<Image name="page" valueList="$pages"/>', AREA, RECTANGLE), Settings())
    assert (found.image_value, found.several_pages) == ("$pages", True)


def test_a_list_of_pages_wins_over_one_image_as_in_label_studio() -> None:
    both = '<Image name="page" value="$cover" valueList="$pages"/>'
    assert controls_of(view(both, AREA, RECTANGLE), Settings()).image_value == "$pages"


@pytest.mark.parametrize("value", ["$meta.image", "$images[0].url", "https://web.example/$name"])
def test_a_value_may_be_any_path_into_the_data(value: str) -> None:
    found = controls_of(view(f'<Image name="page" value="{value}"/>', AREA, RECTANGLE), Settings())
    assert found.image_value == value


def test_names_that_are_set_choose_among_the_tags() -> None:
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
    assert controls_of(twice, chosen) == ControlTags(
        "back", "$other", False, Tag("r2", "rectangle"), Tag("l2", "labels"), Tag("t2", "textarea"), "Word"
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
def test_a_set_name_that_no_tag_has_is_refused_with_the_names_there_are(setting: str, env: str) -> None:
    with pytest.raises(LabelConfigError, match=f"{env} is 'nowhere', .*; unset {env} or rename the tag"):
        controls_of(GUIDE, Settings(**{setting: "nowhere"}))


@pytest.mark.parametrize(
    ("tags", "lacking"),
    [
        pytest.param((), "no Image with a name", id="nothing"),
        pytest.param(('<Image name="page"/>', AREA, RECTANGLE), "no value=", id="image without value"),
        pytest.param(('<Image name="page" value="x.png"/>', AREA, RECTANGLE), "no value=", id="fixed image"),
        pytest.param((IMAGE, RECTANGLE_LABELS), "no TextArea", id="no text"),
        pytest.param((IMAGE, AREA, LABELS), "no tag that draws", id="no shape"),
        pytest.param((IMAGE, AREA, '<Ellipse name="e" toName="page"/>'), "no tag that draws", id="ellipse"),
        pytest.param(('<Text name="t" value="$text"/>',), "no Image", id="a text project"),
    ],
)
def test_a_config_without_a_needed_tag_is_refused_with_what_is_needed(tags, lacking: str) -> None:
    with pytest.raises(
        LabelConfigError, match=f"^the labelling configuration has {lacking}.*; needed are an Image"
    ):
        controls_of(view(*tags), Settings())


REPEATED = (
    '<Image name="page_{{idx}}" value="$doc[{{idx}}].page"/>',
    '<Labels name="kinds_{{idx}}" toName="page_{{idx}}"><Label value="Text" alias="text-{{idx}}"/></Labels>',
    '<View><Rectangle name="box_{{idx}}" toName="page_{{idx}}"/></View>',
    '<TextArea name="words_{{idx}}" toName="page_{{idx}}" perRegion="true"/>',
)


def repeated(*tags: str, how: str = 'on="$doc"') -> str:
    return view("<Header value='Pages'/>", f"<View><Repeater {how}>{''.join(tags)}</Repeater></View>")


def test_the_tags_of_a_repeater_are_named_at_each_entry() -> None:
    found = controls_of(repeated(*REPEATED), Settings())
    assert (found.repeater, found.image) == (Repeater("$doc", "{{idx}}"), "page_{{idx}}")
    assert found.filled(12) == ControlTags(
        image="page_12",
        image_value="$doc[12].page",
        several_pages=False,
        shape=Tag("box_12", "rectangle"),
        labels=Tag("kinds_12", "labels"),
        text=Tag("words_12", "textarea"),
        label="text-12",
    )


def test_without_a_repeater_there_is_nothing_to_fill() -> None:
    assert controls_of(GUIDE, Settings()).filled(3) == OF_THE_GUIDE


def test_a_repeater_may_have_a_flag_of_its_own_and_several_pages() -> None:
    config = repeated(
        '<Image name="p#" valueList="$doc[#].pages"/>',
        '<RectangleLabels name="b#" toName="p#"><Label value="Text"/></RectangleLabels>',
        '<TextArea name="t#" toName="p#"/>',
        how='on="$doc" indexFlag="#" mode="pagination"',
    )
    tag = Tag("b1", "rectanglelabels")
    expected = ControlTags("p1", "$doc[1].pages", True, tag, tag, Tag("t1", "textarea"), "Text")
    assert controls_of(config, Settings()).filled(1) == expected


def test_names_that_are_set_are_those_of_the_config_with_the_flag() -> None:
    chosen = Settings(image_to_name="page_{{idx}}", bbox_from_name="box_{{idx}}", image_data_key="s[{{idx}}]")
    found = controls_of(repeated(*REPEATED), chosen).filled(0)
    assert (found.image, found.shape.name, found.image_value) == ("page_0", "box_0", "$s[0]")


def test_tags_outside_of_a_repeater_are_not_its_images() -> None:
    outside = '<TextArea name="words" toName="page_{{idx}}" perRegion="true"/>'
    config = view(outside, f'<Repeater on="$doc">{"".join(REPEATED[:3])}</Repeater>')
    with pytest.raises(LabelConfigError, match="no TextArea for the image"):
        controls_of(config, Settings())


def test_an_image_outside_of_a_repeater_keeps_its_tags() -> None:
    config = view(f'<Repeater on="$doc">{"".join(REPEATED)}</Repeater>', IMAGE, AREA, RECTANGLE)
    found = controls_of(config, Settings())
    assert (found.image, found.shape.name, found.repeater) == ("page", "box", None)


@pytest.mark.parametrize("how", ["", 'on="doc"'])
def test_a_repeater_on_nothing_is_refused(how: str) -> None:
    with pytest.raises(LabelConfigError, match="no on=.* at the Repeater of its Image 'page_{{idx}}'"):
        controls_of(repeated(*REPEATED, how=how), Settings())


def test_of_several_labels_the_one_with_the_wanted_label_is_taken() -> None:
    script = '<Labels name="script" toName="page"><Label value="Latin"/></Labels>'
    found = controls_of(view(IMAGE, AREA, RECTANGLE, script, LABELS), Settings())
    assert (found.labels, found.label) == (Tag("kinds", "labels"), "Text")


@pytest.mark.parametrize(
    ("predicted_label", "label", "is_warned"),
    [
        pytest.param("Stamp", "Stamp", False, id="wanted"),
        pytest.param("Seal", None, True, id="wanted, but not there"),
    ],
)
def test_the_label_is_the_one_that_is_set(predicted_label: str, label: str | None, is_warned: bool) -> None:
    found = controls_of(view(IMAGE, AREA, RECTANGLE, LABELS), Settings(predicted_label=predicted_label))
    assert (found.label, bool(found.warning)) == (label, is_warned)


def test_the_only_label_is_given_where_none_is_set() -> None:
    words = LABELS.replace("Text", "Word").replace('<Label value="Stamp"/>', "")
    assert controls_of(view(IMAGE, AREA, RECTANGLE, words), Settings()).label == "Word"
