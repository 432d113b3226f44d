"""Real images, read with the builtin weights, against what a person reads in them."""

import pytest

from ocr_quality import best_stretch_errors, normal, score, total


@pytest.mark.parametrize(
    ("wanted", "everything", "errors"),
    [
        pytest.param("abc", "xxabcxx", 0, id="inside"),
        pytest.param("abc", "xxabxcx", 1, id="one too many"),
        pytest.param("abcd", "xacdx", 1, id="one missing"),
        pytest.param("abc", "xaxcx", 1, id="one other"),
        pytest.param("abc", "", 3, id="nothing read"),
        pytest.param("abc", "xyz", 3, id="nothing right"),
        pytest.param("", "xyz", 0, id="nothing wanted"),
        pytest.param("kitten", "sitting", 2, id="free end"),
    ],
)
def test_errors_are_counted_against_the_best_stretch(wanted, everything, errors):
    assert best_stretch_errors(wanted, everything) == errors


def test_form_and_white_space_do_not_count():
    assert normal("Ａ ：１\u3000￥") == "A:1¥"
    assert score(["No  Litter"], ["NO", "No", "Litter"]).errors == 0


def test_an_image_that_was_not_read_counts_whole():
    assert total({"a": ["abc"], "b": ["de"]}, {"a": ["abd"]}).error_rate == pytest.approx(3 / 5)


@pytest.mark.model
def test_the_builtin_models_misread_no_more_than_one_character_in_a_hundred(builtin_reader, images, truth):
    readable = {name: entry["lines"] for name, entry in truth.items() if entry["default_model_can_read"]}
    read = {name: [line.text for line in builtin_reader.read(images[name])] for name in readable}
    result = total(readable, read)
    assert result.lines == 36
    assert result.error_rate <= 0.01, result.worst


@pytest.mark.model
def test_what_is_surely_read_is_right(builtin_reader, images, truth):
    """Lines above the manual's threshold of 0.5 are what a labelling team sees."""
    readable = {name: entry["lines"] for name, entry in truth.items() if entry["default_model_can_read"]}
    read = {
        name: [line.text for line in builtin_reader.read(images[name]) if line.score >= 0.5]
        for name in readable
    }
    assert total(readable, read).error_rate <= 0.01
