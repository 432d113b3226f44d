from xml.etree.ElementTree import Element, fromstring

import pytest

from ocr_backend.labelstudio.label_choice import label_to_give, stored_label

WORD, LINE = '<label value="Word"/>', '<view><label value="Line" alias="ln"/></view>'


def labels(*choices: str, more: str = "") -> Element:
    return fromstring(f'<labels name="kinds" {more}>{"".join(choices)}</labels>')


@pytest.mark.parametrize(
    ("tag", "sought", "may_be_another", "label"),
    [
        pytest.param(labels(WORD, LINE), "Word", False, "Word", id="value"),
        pytest.param(labels(WORD, LINE), "Line", False, "ln", id="alias is what is stored"),
        pytest.param(labels(WORD, LINE), "ln", False, "ln", id="by alias"),
        pytest.param(labels(WORD), "Text", True, "Word", id="the only one"),
        pytest.param(labels(LINE), "Text", True, "ln", id="the alias of the only one"),
        pytest.param(labels(more='value="$options"'), "Any", False, "Any", id="choices of each task"),
    ],
)
def test_the_label_is_one_of_the_set(tag: Element, sought: str, may_be_another: bool, label: str) -> None:
    assert label_to_give(tag, sought, may_be_another) == (label, "")


@pytest.mark.parametrize(
    ("tag", "sought", "may_be_another", "known"),
    [
        pytest.param(labels(WORD, LINE), "Text", True, "'Word', 'Line'", id="two others"),
        pytest.param(labels(WORD, LINE), "word", True, "'Word', 'Line'", id="other case"),
        pytest.param(labels(WORD), "Text", False, "'Word'", id="one other, and this one is wanted"),
        pytest.param(labels(), "Text", True, "none", id="no labels"),
    ],
)
def test_a_label_that_the_set_lacks_is_not_given_but_warned_of(
    tag: Element, sought: str, may_be_another: bool, known: str
) -> None:
    assert label_to_give(tag, sought, may_be_another) == (
        None,
        f"label {sought!r} is not among those of the labelling configuration's 'kinds' ({known}): "
        "regions get no label; set PREDICTED_LABEL to one of them",
    )


def test_what_is_stored_of_a_label_is_its_alias_or_value() -> None:
    found = [stored_label(labels(WORD, LINE), sought) for sought in ("Word", "Line", "ln", "Text")]
    assert found == ["Word", "ln", "ln", None]
