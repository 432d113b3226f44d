"""Real images, read with the builtin weights, against the text that a person reads in them."""

import pytest

from ocr_quality import best_substring_errors, normalise, score, total


@pytest.mark.parametrize(
    ("line", "text", "errors"),
    [
        pytest.param("abc", "xxabcxx", 0, id="inside"),
        pytest.param("abc", "xxabxcx", 1, id="one insertion"),
        pytest.param("abcd", "xacdx", 1, id="one deletion"),
        pytest.param("abc", "xaxcx", 1, id="one replacement"),
        pytest.param("abc", "", 3, id="nothing read"),
        pytest.param("abc", "xyz", 3, id="nothing right"),
        pytest.param("", "xyz", 0, id="empty line"),
        pytest.param("kitten", "sitting", 2, id="free end"),
    ],
)
def test_errors_are_counted_against_the_best_substring(line, text, errors):
    assert best_substring_errors(line, text) == errors


def test_unicode_form_and_white_space_are_ignored():
    assert normalise("Ａ ：１\u3000￥") == "A:1¥"
    assert score(["No  Litter"], ["NO", "No", "Litter"]).errors == 0


def test_every_character_of_an_image_that_was_not_read_is_an_error():
    assert total({"a": ["abc"], "b": ["de"]}, {"a": ["abd"]}).error_rate == pytest.approx(3 / 5)


@pytest.mark.model
def test_the_builtin_models_misread_at_most_one_character_in_a_hundred(builtin_reader, images, truth):
    readable = {name: entry["lines"] for name, entry in truth.items() if entry["default_model_can_read"]}
    read = {name: [line.text for line in builtin_reader.read(images[name])] for name in readable}
    result = total(readable, read)
    assert result.lines == 36
    assert result.error_rate <= 0.01, result.worst


@pytest.mark.model
def test_lines_with_a_high_score_are_correct(builtin_reader, images, truth):
    """Label Studio shows lines above the default threshold of 0.5."""
    readable = {name: entry["lines"] for name, entry in truth.items() if entry["default_model_can_read"]}
    read = {
        name: [line.text for line in builtin_reader.read(images[name]) if line.score >= 0.5]
        for name in readable
    }
    assert total(readable, read).error_rate <= 0.01
