"""Mistakes in settings: each is refused with what was given, what is allowed and what to do."""

import pytest

from ocr_backend.config.settings import Settings, SettingsError, from_env

BUILTIN = {"OCR_MODEL_SOURCE": "builtin", "PADDLEOCR_VERSION": "PP-OCRv6", "PADDLEOCR_MODEL_TYPE": "mobile"}


def problems(environment):
    with pytest.raises(SettingsError) as error:
        from_env(environment)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("environment", "message"),
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
        pytest.param({"WORKERS": "0"}, "WORKERS: 0 is not a whole number from 1 to 64", id="zero"),
        pytest.param(
            {"PADDLEOCR_USE_GPU": "maybe"}, "PADDLEOCR_USE_GPU: 'maybe' is not true or false", id="switch"
        ),
        pytest.param(
            {"PADDLEOCR_LANG": "koreen"},
            "PADDLEOCR_LANG: 'koreen' is not one of ch, en, japan, korean, arabic, cyrillic, devanagari, "
            "latin, eslav, th, el, te, ta, ka, chinese_cht; did you mean korean?",
            id="language",
        ),
        pytest.param(
            {"PADDLEOCR_VERSION": "PP-OCRv4", "PADDLEOCR_LANG": "korean"},
            "PADDLEOCR_LANG: PP-OCRv4 does not support the language 'korean'; use one of ch, en, "
            "or for korean the OCR version PP-OCRv5 or PP-OCRv3",
            id="OCR version without the language",
        ),
        pytest.param(
            {"OCR_MODEL_SOURCE": "builtin"},
            "OCR_MODEL_SOURCE: builtin has no PP-OCRv5 server models for ch; set "
            "PADDLEOCR_MODEL_TYPE=mobile, and PADDLEOCR_VERSION=PP-OCRv6 with PADDLEOCR_LANG one of "
            "ch, en, japan, latin, chinese_cht "
            "or PADDLEOCR_VERSION=PP-OCRv5 with PADDLEOCR_LANG one of ch, en, japan, chinese_cht; "
            "or OCR_MODEL_SOURCE to hub or dir",
            id="builtin model type",
        ),
        pytest.param(
            {"OCR_MODEL_SOURCE": "builtin", "PADDLEOCR_MODEL_TYPE": "mobile", "PADDLEOCR_LANG": "korean"},
            "OCR_MODEL_SOURCE: builtin has no PP-OCRv5 mobile models for korean; set "
            "PADDLEOCR_MODEL_TYPE=mobile, and PADDLEOCR_VERSION=PP-OCRv6 with PADDLEOCR_LANG one of "
            "ch, en, japan, latin, chinese_cht "
            "or PADDLEOCR_VERSION=PP-OCRv5 with PADDLEOCR_LANG one of ch, en, japan, chinese_cht; "
            "or OCR_MODEL_SOURCE to hub or dir",
            id="builtin language",
        ),
        pytest.param(
            {**BUILTIN, "PADDLEOCR_USE_DOC_UNWARPING": "on"},
            "PADDLEOCR_USE_DOC_UNWARPING: builtin has no model for this; set it to false, "
            "or OCR_MODEL_SOURCE to hub or dir",
            id="builtin unwarping",
        ),
        pytest.param(
            {**BUILTIN, "OCR_RECOGNITION_MODEL": "mine"},
            "OCR_RECOGNITION_MODEL: the source builtin has no custom models; set OCR_MODEL_SOURCE to dir "
            "or hub, or remove this",
            id="builtin and custom",
        ),
        *(
            pytest.param(
                {"OCR_MODEL_SOURCE": "dir", "MODEL_DIR": "/models", "OCR_DETECTION_MODEL": folder},
                f"OCR_DETECTION_MODEL: '{folder}' is not a folder below MODEL_DIR=/models; set its path "
                "relative to MODEL_DIR, without '..'",
                id=f"custom {folder}",
            )
            for folder in ("../other", "mine/../..", "/elsewhere/mine", "/models", ".", "/modelsx/mine")
        ),
        pytest.param(
            {"PADDLEOCR_VERSION": "PP-OCRv4", "OCR_ENGINE": "onnxruntime"},
            "OCR_ENGINE: the hub has PP-OCRv4 in the format paddle only; set OCR_ENGINE to paddle or auto",
            id="no onnx on the hub",
        ),
        pytest.param(
            {"OCR_ENGINE": "onnxruntime", "PADDLEOCR_USE_DOC_UNWARPING": "1"},
            "PADDLEOCR_USE_DOC_UNWARPING: the engine onnxruntime does not support this; set it to false, "
            "or OCR_ENGINE to paddle or auto",
            id="engine cannot unwarp",
        ),
        pytest.param(
            {"OCR_ENGINE": "openvino", "PADDLEOCR_USE_GPU": "true"},
            "OCR_ENGINE: openvino runs on the CPU only; set OCR_ENGINE to auto, "
            "or PADDLEOCR_USE_GPU to false",
            id="engine without GPU",
        ),
        pytest.param(
            {"BASIC_AUTH_USER": "ls"},
            "BASIC_AUTH_USER: set both BASIC_AUTH_USER and BASIC_AUTH_PASS, or neither",
            id="half a login",
        ),
        pytest.param(
            {"LABEL_STUDIO_URL": "localhost:8080"},
            "LABEL_STUDIO_URL: 'localhost:8080' is not a URL that starts with http:// or https:// "
            "and has a host",
            id="no scheme",
        ),
        pytest.param(
            {"LOCAL_FILES_DOCUMENT_ROOT": "/"},
            "LOCAL_FILES_DOCUMENT_ROOT: '/' is not a full path below /; set one such as /data/files",
            id="the whole disk",
        ),
        pytest.param(
            {"OCR_FETCH_ALLOW": "10.0.0.0/8, http://minio:9000"},
            "OCR_FETCH_ALLOW: 'http://minio:9000' is neither a host name nor a network; use a name "
            "without scheme and port, or a network such as 10.0.0.0/8",
            id="neither host nor network",
        ),
        pytest.param(
            {"PADDLEOCR_LANGUAGE": "ch"},
            "PADDLEOCR_LANGUAGE: no setting has this name; did you mean PADDLEOCR_LANG?",
            id="misspelt name",
        ),
        pytest.param({"OCR_XYZZY": "1"}, "OCR_XYZZY: no setting has this name; remove it", id="unknown name"),
    ],
)
def test_a_mistake_is_refused_with_what_is_allowed_and_what_to_do(environment, message):
    assert problems(environment) == [message]


def test_all_mistakes_are_reported_at_once():
    messages = problems(
        {
            "WORKERS": "x",
            "PADDLEOCR_SCORE_THRESHOLD": "2",
            "OCR_MODELSOURCE": "dir",
            "BASIC_AUTH_PASS": "secret",
        }
    )
    assert [line.partition(":")[0] for line in messages] == [
        "WORKERS",
        "OCR_MODELSOURCE",
        "PADDLEOCR_SCORE_THRESHOLD",
        "BASIC_AUTH_USER",
    ]


@pytest.mark.parametrize("env", ["OCR_MODEL_MIRROR", "LABEL_STUDIO_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "ftp://user:Secret@web.example",
        "user:Secret@web.example",
        "//user:Secret@web.example",
        "http:/user:Secret@web.example",
        "http://user:Secret@web.example:port",
        "http://user:Secret\\@web.example",
        "http://user:Secret@web.example/\x07",
        "http://user:Sec ret@web.example",
        "http://user:Secret@",
    ],
)
def test_the_password_in_an_invalid_url_is_not_shown(env: str, url: str) -> None:
    messages = problems({env: url})
    assert messages
    assert not [message for message in messages if "Sec" in message or "ret@" in message]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(
            {"score_threshold": "0.5"}, "PADDLEOCR_SCORE_THRESHOLD: '0.5' is not a number", id="text"
        ),
        pytest.param({"workers": True}, "WORKERS: True is not a whole number", id="switch for number"),
        pytest.param({"allowed_hosts": ("a,b",)}, "OCR_FETCH_ALLOW: ('a,b',) is not a list", id="list"),
        pytest.param(
            {"bbox_from_name": ""}, "BBOX_FROM_NAME: it is empty; remove it to use the default", id="empty"
        ),
        pytest.param({"ocr_version": None}, "PADDLEOCR_VERSION: None is not one of PP-OCRv6", id="none"),
    ],
)
def test_the_constructor_refuses_values_of_a_wrong_type(values, message):
    with pytest.raises(SettingsError) as error:
        Settings(**values)
    assert str(error.value).startswith(message)
