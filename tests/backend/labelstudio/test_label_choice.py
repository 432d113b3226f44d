from xml.etree.ElementTree import Element, fromstring

import pytest

from ocr_backend.labelstudio.label_choice import choose_label, stored_label

WORD, LINE = '<label value="Word"/>', '<view><label value="Line" alias="ln"/></view>'

PREDICTED = '<label value="Zeile" predicted_values="Text, line"/>'


def labels(*tags: str, attributes: str = "") -> Element:
    return fromstring(f'<labels name="kinds" {attributes}>{"".join(tags)}</labels>')


@pytest.mark.parametrize(
    ("tag", "name", "allow_only_label", "label"),
    [
        pytest.param(labels(WORD, LINE), "Word", False, "Word", id="value"),
        pytest.param(labels(WORD, LINE), "Line", False, "ln", id="alias is what is stored"),
        pytest.param(labels(WORD, LINE), "ln", False, "ln", id="by alias"),
        pytest.param(labels(WORD, LINE), "word", False, "Word", id="other case"),
        pytest.param(labels(WORD, LINE), "LN", False, "ln", id="alias in other case"),
        pytest.param(labels('<label value="word"/>', WORD), "Word", False, "Word", id="equal before similar"),
        pytest.param(labels(PREDICTED), "text", False, "Zeile", id="predicted values"),
        pytest.param(labels(WORD, PREDICTED), "LINE", True, "Zeile", id="predicted values in other case"),
        pytest.param(labels(WORD), "Text", True, "Word", id="the only one"),
        pytest.param(labels(LINE), "Text", True, "ln", id="the alias of the only one"),
        pytest.param(labels(attributes='value="$options"'), "Any", False, "Any", id="labels of each task"),
    ],
)
def test_the_label_is_one_of_the_tags_labels(
    tag: Element, name: str, allow_only_label: bool, label: str
) -> None:
    assert choose_label(tag, name, allow_only_label) == (label, "")


@pytest.mark.parametrize(
    ("tag", "name", "allow_only_label", "values"),
    [
        pytest.param(labels(WORD, LINE), "Text", True, "'Word', 'Line'", id="two others"),
        pytest.param(labels(WORD), "Text", False, "'Word'", id="one other, but the name is set"),
        pytest.param(labels(), "Text", True, "none", id="no labels"),
    ],
)
def test_a_label_that_the_tag_does_not_have_gives_a_warning(
    tag: Element, name: str, allow_only_label: bool, values: str
) -> None:
    assert choose_label(tag, name, allow_only_label) == (
        None,
        f"the label config's 'kinds' has no label {name!r} (it has: {values}), "
        "so regions get no label; set PREDICTED_LABEL to one of its labels",
    )


def test_label_studio_stores_the_alias_or_else_the_value_of_a_label() -> None:
    stored = [stored_label(labels(WORD, LINE), name) for name in ("Word", "Line", "ln", "Text")]
    assert stored == ["Word", "ln", "ln", None]
