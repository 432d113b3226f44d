import pytest

from ocr_backend.errors import LabelConfigError
from ocr_backend.labeling import Controls, Tag, controls_of
from ocr_backend.settings import Settings

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
OF_THE_GUIDE = Controls(
    image="image",
    image_key="image",
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
    ],
)
def test_each_way_to_draw_is_found(tags, shape, labels) -> None:
    found = controls_of(view(IMAGE, AREA, *tags), Settings())
    assert (found.image, found.image_key, found.text.name) == ("page", "scan", "words")
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


def test_a_text_area_for_regions_wins_over_one_for_the_whole_task() -> None:
    remarks = '<TextArea name="remarks" toName="page"/>'
    assert controls_of(view(IMAGE, remarks, AREA, RECTANGLE), Settings()).text.name == "words"
    assert controls_of(view(IMAGE, remarks, RECTANGLE), Settings()).text.name == "remarks"


def test_a_list_of_pages_is_told_apart() -> None:
    found = controls_of(view('<Image name="page" valueList="$pages"/>', AREA, RECTANGLE), Settings())
    assert (found.image_key, found.several_pages) == ("pages", True)


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
    assert controls_of(twice, chosen) == Controls(
        "back", "other", False, Tag("r2", "rectangle"), Tag("l2", "labels"), Tag("t2", "textarea"), "Word"
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


@pytest.mark.parametrize(
    "config",
    [
        pytest.param("<View>", id="open"),
        pytest.param("not XML", id="text"),
        pytest.param('<!DOCTYPE v [<!ENTITY a "b">]><View>&a;</View>', id="entities"),
        pytest.param('<!DOCTYPE v SYSTEM "file:///etc/passwd"><View/>', id="outside"),
        pytest.param("<View>\x00</View>", id="null"),
    ],
)
def test_what_is_no_plain_xml_is_refused(config: str) -> None:
    with pytest.raises(LabelConfigError, match="not well-formed XML"):
        controls_of(config, Settings())


def test_a_repeater_is_refused_with_another_way() -> None:
    config = view('<Repeater on="$pages"><Image name="p_{{idx}}" value="$pages[{{idx}}]"/></Repeater>')
    with pytest.raises(LabelConfigError, match="valueList"):
        controls_of(config, Settings())


def labels(*choices: str) -> str:
    return view(IMAGE, AREA, RECTANGLE, f'<Labels name="kinds" toName="page">{"".join(choices)}</Labels>')


WORD, LINE = '<Label value="Word"/>', '<Label value="Line" alias="ln"/>'


@pytest.mark.parametrize(
    ("config", "wanted", "label"),
    [
        pytest.param(labels(WORD, LINE), "Word", "Word", id="value"),
        pytest.param(labels(WORD, LINE), "Line", "ln", id="alias is what is stored"),
        pytest.param(labels(WORD, LINE), "ln", "ln", id="wanted by alias"),
        pytest.param(labels(WORD), None, "Word", id="the only one, where none is wanted"),
        pytest.param(
            labels().replace('name="kinds"', 'name="kinds" value="$options"'), "Any", "Any", id="dynamic"
        ),
    ],
)
def test_the_label_is_one_that_the_config_has(config: str, wanted: str | None, label: str) -> None:
    found = controls_of(config, Settings(predicted_label=wanted))
    assert (found.label, found.warning) == (label, "")


@pytest.mark.parametrize("wanted", [None, "Text", "word"])
def test_a_label_that_the_config_lacks_is_not_given_but_warned_of(wanted: str | None) -> None:
    found = controls_of(labels(WORD, LINE), Settings(predicted_label=wanted))
    assert found.label is None
    assert "('Word', 'Line')" in found.warning
    assert "set PREDICTED_LABEL" in found.warning


def test_of_several_labels_the_one_with_the_wanted_label_is_taken() -> None:
    script = '<Labels name="script" toName="page"><Label value="Latin"/></Labels>'
    found = controls_of(view(IMAGE, AREA, RECTANGLE, script, LABELS), Settings())
    assert (found.labels, found.label) == (Tag("kinds", "labels"), "Text")
