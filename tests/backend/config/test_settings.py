"""Settings: the manual's variables, one message for all mistakes, to the environment and back."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import SETTINGS, Settings, SettingsError, from_env, to_env

ROWS = {row.env: row for row in SETTINGS}
BUILTIN = {"OCR_MODEL_SOURCE": "builtin", "PADDLEOCR_VERSION": "PP-OCRv6", "PADDLEOCR_MODEL_TYPE": "mobile"}

# Variable -> default, as the public manual of the original model connection documents them.
MANUAL = {
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


def problems(environment):
    with pytest.raises(SettingsError) as error:
        from_env(environment)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize("env", MANUAL)
def test_a_variable_of_the_manual_has_its_default(env):
    row = ROWS[env]
    assert (row.default if row.manual_default is None else row.manual_default) == MANUAL[env]


def test_an_empty_environment_gives_the_defaults():
    assert from_env({}) == Settings()
    assert to_env(Settings()) == {}


def test_a_name_in_the_labelling_config_is_none_until_it_is_set():
    assert from_env({}).bbox_from_name is None
    assert from_env({"BBOX_FROM_NAME": "bbox"}).bbox_from_name == "bbox"


def test_every_row_has_a_sentence_and_its_own_names():
    names = [name for row in SETTINGS for name in (row.env, *row.aliases)]
    assert len(names) == len(set(names))
    for row in SETTINGS:
        assert row.doc[0].isupper(), row.env
        assert not row.doc.endswith("."), row.env
        assert row.problem_with(row.default) is None, row.env


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", "On"])
def test_a_switch_goes_on_in_every_usual_form(text):
    assert from_env({"PADDLEOCR_USE_GPU": text}).use_gpu is True


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "OFF"])
def test_a_switch_goes_off_in_every_usual_form(text):
    assert from_env({"PADDLEOCR_USE_TEXTLINE_ORIENTATION": text}).use_textline_orientation is False


@pytest.mark.parametrize("env", ROWS)
def test_an_empty_variable_counts_as_unset(env):
    assert from_env({env: " \n"} if not ROWS[env].secret else {env: "\n"}) == Settings()


def test_a_closed_set_is_read_in_any_case():
    settings = from_env({"PADDLEOCR_VERSION": "pp-ocrv4", "LOG_LEVEL": "debug", "PADDLEOCR_LANG": "EN"})
    assert (settings.ocr_version, settings.log_level, settings.language) == ("PP-OCRv4", "DEBUG", "en")


def test_the_older_names_of_label_studio_work():
    settings = from_env({"LABEL_STUDIO_HOST": "http://ls:8080", "LABEL_STUDIO_ACCESS_TOKEN": "abc"})
    assert (settings.label_studio_url, settings.label_studio_api_key) == ("http://ls:8080", "abc")


def test_the_manuals_name_wins_over_the_older_one():
    assert (
        from_env({"LABEL_STUDIO_URL": "http://a", "LABEL_STUDIO_HOST": "http://b"}).label_studio_url
        == "http://a"
    )


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        pytest.param(
            {"PADDLEOCR_SCORE_THRESHOLD": "1.5"},
            "PADDLEOCR_SCORE_THRESHOLD: 1.5 is not a number from 0 to 1",
            id="range",
        ),
        pytest.param(
            {"PADDLEOCR_SCORE_THRESHOLD": "nan"},
            "PADDLEOCR_SCORE_THRESHOLD: nan is not a number from 0 to 1",
            id="nan",
        ),
        pytest.param(
            {"WORKERS": "many"}, "WORKERS: 'many' is not a whole number from 1 to 64", id="not a number"
        ),
        pytest.param({"WORKERS": "0"}, "WORKERS: 0 is not a whole number from 1 to 64", id="none"),
        pytest.param(
            {"PADDLEOCR_USE_GPU": "maybe"}, "PADDLEOCR_USE_GPU: 'maybe' is not true or false", id="switch"
        ),
        pytest.param(
            {"PADDLEOCR_LANG": "koreen"},
            "PADDLEOCR_LANG: 'koreen' is not one of ch, en, japan, korean, arabic, cyrillic, devanagari, "
            "latin, eslav, th, el, te, ta, ka, chinese_cht",
            id="language",
        ),
        pytest.param(
            {"PADDLEOCR_VERSION": "PP-OCRv4", "PADDLEOCR_LANG": "korean"},
            "PADDLEOCR_LANG: language 'korean' is unknown to PP-OCRv4; known: ch, en "
            "(korean is read by PP-OCRv5 and PP-OCRv3)",
            id="generation without the language",
        ),
        pytest.param(
            {"OCR_MODEL_SOURCE": "builtin"},
            "OCR_MODEL_SOURCE: builtin has no PP-OCRv5 server models for ch; set PADDLEOCR_VERSION=PP-OCRv6, "
            "PADDLEOCR_MODEL_TYPE=mobile and PADDLEOCR_LANG to one of ch, en, japan, latin, chinese_cht, "
            "or OCR_MODEL_SOURCE to hub or dir",
            id="builtin generation",
        ),
        pytest.param(
            {**BUILTIN, "PADDLEOCR_USE_DOC_UNWARPING": "on"},
            "PADDLEOCR_USE_DOC_UNWARPING: builtin has no weights for this; set it to false, "
            "or OCR_MODEL_SOURCE to hub or dir",
            id="builtin unwarping",
        ),
        pytest.param(
            {**BUILTIN, "OCR_RECOGNITION_MODEL": "mine"},
            "OCR_RECOGNITION_MODEL: builtin reads with what is installed; set OCR_MODEL_SOURCE to dir "
            "(or hub), or leave it out",
            id="builtin and custom",
        ),
        *(
            pytest.param(
                {"OCR_MODEL_SOURCE": "dir", "MODEL_DIR": "/models", "OCR_DETECTION_MODEL": folder},
                f"OCR_DETECTION_MODEL: '{folder}' is no folder below MODEL_DIR=/models; give its path from "
                "there, without '..'",
                id=f"custom {folder}",
            )
            for folder in ("../other", "mine/../..", "/elsewhere/mine", "/models", ".", "/modelsx/mine")
        ),
        pytest.param(
            {**BUILTIN, "OCR_ENGINE": "paddle"},
            "PADDLEOCR_USE_TEXTLINE_ORIENTATION: the builtin weights for this do not work with "
            "the engine paddle; set it to false, or OCR_ENGINE to auto",
            id="builtin in paddle",
        ),
        pytest.param(
            {"PADDLEOCR_VERSION": "PP-OCRv4", "OCR_ENGINE": "onnxruntime"},
            "OCR_ENGINE: the hub has PP-OCRv4 in paddle form only; set OCR_ENGINE to paddle or auto",
            id="no onnx on the hub",
        ),
        pytest.param(
            {"OCR_ENGINE": "onnxruntime", "PADDLEOCR_USE_DOC_UNWARPING": "1"},
            "PADDLEOCR_USE_DOC_UNWARPING: the engine onnxruntime cannot; set OCR_ENGINE to paddle or auto",
            id="engine cannot unwarp",
        ),
        pytest.param(
            {"OCR_ENGINE": "openvino", "PADDLEOCR_USE_GPU": "true"},
            "OCR_ENGINE: openvino reads on the CPU; set OCR_ENGINE to auto, or PADDLEOCR_USE_GPU to false",
            id="engine without GPU",
        ),
        pytest.param(
            {"BASIC_AUTH_USER": "ls"},
            "BASIC_AUTH_USER: a user and a password (BASIC_AUTH_PASS) go together; set both or none",
            id="half a login",
        ),
        pytest.param(
            {"LABEL_STUDIO_URL": "localhost:8080"},
            "LABEL_STUDIO_URL: 'localhost:8080' is not a URL that begins with http:// or https:// "
            "and names a host",
            id="no scheme",
        ),
        pytest.param(
            {"LOCAL_FILES_DOCUMENT_ROOT": "/"},
            "LOCAL_FILES_DOCUMENT_ROOT: '/' is not the full path of a folder below /",
            id="the whole disk",
        ),
        pytest.param(
            {"OCR_FETCH_ALLOW": "10.0.0.0/8, http://minio:9000"},
            "OCR_FETCH_ALLOW: 'http://minio:9000' is neither a host's name, without scheme or port, "
            "nor a network such as 10.0.0.0/8",
            id="no host and no network",
        ),
        pytest.param(
            {"PADDLEOCR_LANGUAGE": "ch"},
            "PADDLEOCR_LANGUAGE: no setting has this name; did you mean PADDLEOCR_LANG?",
            id="misspelt name",
        ),
        pytest.param({"OCR_XYZZY": "1"}, "OCR_XYZZY: no setting has this name; remove it", id="unknown name"),
    ],
)
def test_a_mistake_is_refused_with_what_is_allowed_and_what_to_do(environment, sentence):
    assert problems(environment) == [sentence]


def test_all_mistakes_are_told_at_once():
    told = problems(
        {
            "WORKERS": "x",
            "PADDLEOCR_SCORE_THRESHOLD": "2",
            "OCR_MODELSOURCE": "dir",
            "BASIC_AUTH_PASS": "secret",
        }
    )
    assert [line.partition(":")[0] for line in told] == [
        "WORKERS",
        "OCR_MODELSOURCE",
        "PADDLEOCR_SCORE_THRESHOLD",
        "BASIC_AUTH_USER",
    ]


def test_the_variables_that_kubernetes_makes_of_services_are_no_settings():
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


def test_names_of_others_are_left_alone():
    assert (
        from_env({"PATH": "/bin", "PADDLE_PDX_MODEL_SOURCE": "bos", "OCR_CACHE_DIR": "/tmp/x"}) == Settings()
    )


def test_secrets_are_in_no_repr_and_no_message():
    settings = Settings(label_studio_api_key="hunter2", basic_auth_user="u", basic_auth_pass="hunter3")
    assert "hunter" not in repr(settings)
    with pytest.raises(SettingsError) as error:
        Settings(label_studio_api_key="hunter2\0", basic_auth_user="u", basic_auth_pass="hunter3\n4")
    assert "hunter" not in str(error.value)
    assert len(error.value.problems) == 2


def test_a_password_keeps_its_blanks_but_not_the_files_line_end():
    assert from_env({"BASIC_AUTH_USER": "u", "BASIC_AUTH_PASS": " a b \n"}).basic_auth_pass == " a b "


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        pytest.param(
            {"score_threshold": "0.5"}, "PADDLEOCR_SCORE_THRESHOLD: '0.5' is not a number", id="text"
        ),
        pytest.param({"workers": True}, "WORKERS: True is not a whole number", id="switch for number"),
        pytest.param({"allowed_hosts": ("a,b",)}, "OCR_FETCH_ALLOW: ('a,b',) is not a list", id="list"),
        pytest.param({"bbox_from_name": ""}, "BBOX_FROM_NAME: it is empty; leave it out instead", id="empty"),
        pytest.param({"ocr_version": None}, "PADDLEOCR_VERSION: None is not one of PP-OCRv6", id="none"),
    ],
)
def test_values_of_a_wrong_type_are_refused_in_code_too(values, sentence):
    with pytest.raises(SettingsError) as error:
        Settings(**values)
    assert str(error.value).startswith(sentence)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def values_of(row):
    if row.kind is bool:
        return st.booleans()
    if row.kind is int:
        return st.integers(row.minimum, row.maximum)
    if row.kind is float:
        return st.floats(row.minimum, row.maximum, allow_nan=False)
    if row.kind is tuple:
        return st.lists(st.sampled_from(["minio", "büro.example", "10.0.0.0/8", "fd00::/8"])).map(tuple)
    if row.choices:
        return st.sampled_from(row.choices)
    if row.env in ("LABEL_STUDIO_URL", "OCR_MODEL_MIRROR"):
        return st.sampled_from(["", "http://ls", "https://ls.example:8443/label"])
    if row.env in ("LOCAL_FILES_DOCUMENT_ROOT", "OCR_IMAGE_CACHE_DIR"):
        return st.sampled_from(["", "/data", "/srv/label studio/files"])
    return WORDS if row.default != "" else WORDS | st.just("")


@st.composite
def good_settings(draw):
    values = {row.name: draw(values_of(row)) for row in SETTINGS}
    ocr_version, language, model_type = draw(st.sampled_from(list(model_catalog.combinations())))
    values |= {"ocr_version": ocr_version, "language": language, "model_type": model_type}
    values |= {"basic_auth_user": "user", "basic_auth_pass": values["basic_auth_pass"] or "pass word"}
    direct = ["openvino", "onnxruntime"] if "onnx" in model_catalog.package_forms(ocr_version) else []
    values |= {
        "model_source": draw(st.sampled_from(["hub", "dir"])),
        "engine": draw(st.sampled_from(["auto", "paddle", *direct])),
    }
    values["use_doc_unwarping"] = values["use_doc_unwarping"] and values["engine"] not in direct
    values["use_gpu"] = values["use_gpu"] and values["engine"] != "openvino"
    return Settings(**values)


@trials(deadline=None)
@given(good_settings())
def test_the_environment_brings_every_setting_back(settings):
    assert from_env(to_env(settings)) == settings


@trials(deadline=None)
@given(good_settings())
def test_only_what_differs_from_the_defaults_is_written(settings):
    written = to_env(settings)
    for row in SETTINGS:
        assert (row.env in written) == (getattr(settings, row.name) != row.default)


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1
