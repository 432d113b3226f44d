"""Settings: the guide's variables, one message for all mistakes, to the environment and back."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import SETTINGS, Settings, SettingsError, from_env, to_env

SETTING_BY_ENV = {setting.env: setting for setting in SETTINGS}
# Variable -> default, as the public guide of the original model connection documents them.
GUIDE = {
    "IMAGE_DATA_KEY": "image",
    "IMAGE_TO_NAME": "image",
    "BBOX_FROM_NAME": "bbox",
    "LABEL_FROM_NAME": "label",
    "TEXT_FROM_NAME": "transcription",
    "PREDICTED_LABEL": "Text",
    "PADDLEOCR_VERSION": "PP-OCRv5",
    "PADDLEOCR_MODEL_TYPE": "server",
    "PADDLEOCR_LANG": "ch",
    "PADDLEOCR_USE_GPU": False,
    "PADDLEOCR_USE_DOC_ORIENTATION": False,
    "PADDLEOCR_USE_DOC_UNWARPING": False,
    "PADDLEOCR_USE_TEXTLINE_ORIENTATION": True,
    "PADDLEOCR_SCORE_THRESHOLD": 0.5,
    "BASIC_AUTH_USER": "",
    "BASIC_AUTH_PASS": "",
    "LOG_LEVEL": "INFO",
    "WORKERS": 1,
    "THREADS": 8,
    "MODEL_DIR": "/data/models",
    "LABEL_STUDIO_URL": "",
    "LABEL_STUDIO_API_KEY": "",
}


@pytest.mark.parametrize("env", GUIDE)
def test_a_variable_of_the_guide_has_its_default(env):
    setting = SETTING_BY_ENV[env]
    assert (setting.default if setting.fallback_default is None else setting.fallback_default) == GUIDE[env]


def test_an_empty_environment_gives_the_defaults():
    assert from_env({}) == Settings()
    assert to_env(Settings()) == {}


def test_a_name_in_the_label_config_is_none_until_it_is_set():
    assert from_env({}).bbox_from_name is None
    assert from_env({"BBOX_FROM_NAME": "bbox"}).bbox_from_name == "bbox"


def test_every_setting_has_a_description_and_unique_names():
    names = [name for setting in SETTINGS for name in (setting.env, *setting.aliases)]
    assert len(names) == len(set(names))
    for setting in SETTINGS:
        assert setting.doc[0].isupper(), setting.env
        assert not setting.doc.endswith("."), setting.env
        assert setting.problem_with(setting.default) is None, setting.env


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", "On"])
def test_a_switch_accepts_every_common_form_of_true(text):
    assert from_env({"PADDLEOCR_USE_GPU": text}).use_gpu is True


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "OFF"])
def test_a_switch_accepts_every_common_form_of_false(text):
    assert from_env({"PADDLEOCR_USE_TEXTLINE_ORIENTATION": text}).use_textline_orientation is False


@pytest.mark.parametrize("env", SETTING_BY_ENV)
def test_an_empty_variable_counts_as_unset(env):
    assert from_env({env: " \n"} if not SETTING_BY_ENV[env].secret else {env: "\n"}) == Settings()


def test_an_empty_variable_that_no_setting_has_counts_as_unset():
    """As docker-compose passes on what is not in the .env file."""
    assert from_env({"OCR_NO_SETTING": " ", "PADDLEOCR_NO_SETTING": ""}) == Settings()


def test_choices_ignore_case():
    settings = from_env({"PADDLEOCR_VERSION": "pp-ocrv4", "LOG_LEVEL": "debug", "PADDLEOCR_LANG": "EN"})
    assert (settings.ocr_version, settings.log_level, settings.language) == ("PP-OCRv4", "DEBUG", "en")


def test_the_older_names_of_variables_work():
    settings = from_env({"LABEL_STUDIO_HOST": "http://ls:8080", "LABEL_STUDIO_ACCESS_TOKEN": "abc"})
    assert (settings.label_studio_url, settings.label_studio_api_key) == ("http://ls:8080", "abc")


def test_the_guides_name_wins_over_the_older_one():
    assert (
        from_env({"LABEL_STUDIO_URL": "http://a", "LABEL_STUDIO_HOST": "http://b"}).label_studio_url
        == "http://a"
    )


def test_kubernetes_service_variables_are_ignored():
    links = {
        "OCR_SERVICE_HOST": "10.0.0.1",
        "OCR_SERVICE_PORT": "9090",
        "OCR_SERVICE_PORT_HTTP": "9090",
        "OCR_PORT": "tcp://10.0.0.1:9090",
        "OCR_PORT_9090_TCP": "tcp://10.0.0.1:9090",
        "OCR_PORT_9090_TCP_PROTO": "tcp",
        "OCR_PORT_9090_TCP_PORT": "9090",
        "OCR_PORT_9090_TCP_ADDR": "10.0.0.1",
        "OCR_KOREAN_MOBILE_PORT": "tcp://10.0.0.2:9090",
    }
    assert from_env(links) == Settings()


def test_variables_of_other_programs_are_ignored():
    assert (
        from_env({"PATH": "/bin", "PADDLE_PDX_MODEL_SOURCE": "bos", "OCR_CACHE_DIR": "/tmp/x"}) == Settings()
    )


def test_secrets_appear_in_no_repr_and_no_message():
    settings = Settings(label_studio_api_key="hunter2", basic_auth_user="u", basic_auth_pass="hunter3")
    assert "hunter" not in repr(settings)
    with pytest.raises(SettingsError) as error:
        Settings(label_studio_api_key="hunter2\0", basic_auth_user="u", basic_auth_pass="hunter3\n4")
    assert "hunter" not in str(error.value)
    assert len(error.value.problems) == 2


def test_a_password_keeps_its_blanks_but_not_its_line_end():
    assert from_env({"BASIC_AUTH_USER": "u", "BASIC_AUTH_PASS": " a b \n"}).basic_auth_pass == " a b "


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def valid_values(setting):
    if setting.kind is bool:
        return st.booleans()
    if setting.kind is int:
        return st.integers(setting.minimum, setting.maximum)
    if setting.kind is float:
        return st.floats(setting.minimum, setting.maximum, allow_nan=False)
    if setting.kind is tuple:
        return st.lists(st.sampled_from(["minio", "büro.example", "10.0.0.0/8", "fd00::/8"])).map(tuple)
    if setting.choices:
        return st.sampled_from(setting.choices)
    if setting.env in ("LABEL_STUDIO_URL", "OCR_MODEL_MIRROR"):
        return st.sampled_from(["", "http://ls", "https://ls.example:8443/label"])
    if setting.env in ("LOCAL_FILES_DOCUMENT_ROOT", "OCR_IMAGE_CACHE_DIR"):
        return st.sampled_from(["", "/data", "/srv/label studio/files"])
    if setting.env in ("OCR_DETECTION_MODEL", "OCR_RECOGNITION_MODEL"):
        return st.sampled_from(["", "mine", "custom/büro"])
    return WORDS if setting.default != "" else WORDS | st.just("")


@st.composite
def valid_settings(draw):
    values = {setting.name: draw(valid_values(setting)) for setting in SETTINGS}
    ocr_version, language, model_type = draw(st.sampled_from(list(model_catalog.combinations())))
    values |= {"ocr_version": ocr_version, "language": language, "model_type": model_type}
    values |= {"basic_auth_user": "user", "basic_auth_pass": values["basic_auth_pass"] or "pass word"}
    onnx_engines = (
        ["openvino", "onnxruntime"] if "onnx" in model_catalog.published_formats(ocr_version) else []
    )
    values |= {
        "model_source": draw(st.sampled_from(["hub", "dir"])),
        "engine": draw(st.sampled_from(["auto", "paddle", *onnx_engines])),
    }
    values["use_doc_unwarping"] = values["use_doc_unwarping"] and values["engine"] not in onnx_engines
    values["use_gpu"] = values["use_gpu"] and values["engine"] != "openvino"
    return Settings(**values)


@trials(deadline=None)
@given(valid_settings())
def test_settings_survive_the_way_through_the_environment(settings):
    assert from_env(to_env(settings)) == settings


@trials(deadline=None)
@given(valid_settings())
def test_only_values_that_differ_from_the_defaults_are_written(settings):
    variables = to_env(settings)
    for setting in SETTINGS:
        assert (setting.env in variables) == (getattr(settings, setting.name) != setting.default)


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1
