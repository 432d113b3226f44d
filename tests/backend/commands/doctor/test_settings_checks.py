"""Settings that are wrong are told of one by one, and the other checks go on without them."""

import pytest

from ocr_backend.commands.doctor.settings_checks import findings, usable
from ocr_backend.config.settings import Settings

BUILTIN = {"OCR_MODEL_SOURCE": "builtin", "PADDLEOCR_VERSION": "PP-OCRv6", "PADDLEOCR_MODEL_TYPE": "mobile"}


def test_all_problems_and_unknown_variables_are_told():
    found = list(findings({"THREADS": "many", "PADDLEOCR_LANG": "koreen", "OCR_PROT": "1"}))
    assert {one.state for one in found} == {"bad"}
    assert [one.said.split(":")[0] for one in found] == ["THREADS", "OCR_PROT", "PADDLEOCR_LANG"]
    assert "did you mean OCR_PORT?" in found[1].said


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "allowed; none is set"),
        (
            {"LABEL_STUDIO_API_KEY": "secret", "THREADS": "3"},
            "allowed; set are LABEL_STUDIO_API_KEY, THREADS",
        ),
    ],
)
def test_settings_that_are_allowed_are_named_without_their_values(variables, said):
    (found,) = findings(variables)
    assert (found.state, found.said) == ("good", said)


@pytest.mark.parametrize(
    ("variables", "settings"),
    [
        pytest.param(BUILTIN, Settings("PP-OCRv6", "mobile", model_source="builtin"), id="all good"),
        pytest.param({"THREADS": "many", "WORKERS": "2"}, Settings(workers=2), id="no number"),
        pytest.param({"THREADS": "0", "WORKERS": "2"}, Settings(workers=2), id="outside the limits"),
        pytest.param({"OCR_MODEL_SOURCE": "builtin", "WORKERS": "2"}, Settings(workers=2), id="combination"),
        pytest.param({"BASIC_AUTH_PASS": "p", "WORKERS": "2"}, Settings(), id="told of one that is not set"),
        pytest.param({"OCR_PROT": "1", "WORKERS": "2"}, Settings(workers=2), id="unknown"),
    ],
)
def test_what_is_wrong_has_its_default_for_the_other_checks(variables, settings):
    assert usable(variables) == settings
