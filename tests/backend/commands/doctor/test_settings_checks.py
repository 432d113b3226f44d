"""Invalid settings are reported one by one, and the other checks use the defaults instead."""

import pytest

from ocr_backend.commands.doctor.settings_checks import check_settings, usable_settings
from ocr_backend.config.settings import Settings

BUILTIN = {"OCR_MODEL_SOURCE": "builtin", "PADDLEOCR_VERSION": "PP-OCRv6", "PADDLEOCR_MODEL_TYPE": "mobile"}


def test_all_problems_and_unknown_variables_are_reported():
    findings = list(check_settings({"THREADS": "many", "PADDLEOCR_LANG": "koreen", "OCR_PROT": "1"}))
    assert {finding.state for finding in findings} == {"bad"}
    assert [finding.message.split(":")[0] for finding in findings] == [
        "THREADS",
        "OCR_PROT",
        "PADDLEOCR_LANG",
    ]
    assert "did you mean OCR_PORT?" in findings[1].message


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "valid; all have their defaults"),
        (
            {"LABEL_STUDIO_API_KEY": "secret", "THREADS": "3"},
            "valid; set: LABEL_STUDIO_API_KEY, THREADS",
        ),
    ],
)
def test_valid_settings_are_listed_without_their_values(variables, message):
    (finding,) = check_settings(variables)
    assert (finding.state, finding.message) == ("good", message)


@pytest.mark.parametrize(
    ("variables", "settings"),
    [
        pytest.param(BUILTIN, Settings("PP-OCRv6", "mobile", model_source="builtin"), id="valid"),
        pytest.param({"THREADS": "many", "WORKERS": "2"}, Settings(workers=2), id="not a number"),
        pytest.param({"THREADS": "0", "WORKERS": "2"}, Settings(workers=2), id="outside the limits"),
        pytest.param({"OCR_MODEL_SOURCE": "builtin", "WORKERS": "2"}, Settings(workers=2), id="combination"),
        pytest.param({"BASIC_AUTH_PASS": "p", "WORKERS": "2"}, Settings(), id="problem of an unset variable"),
        pytest.param({"OCR_PROT": "1", "WORKERS": "2"}, Settings(workers=2), id="unknown"),
    ],
)
def test_other_checks_use_the_default_of_an_invalid_setting(variables, settings):
    assert usable_settings(variables) == settings
