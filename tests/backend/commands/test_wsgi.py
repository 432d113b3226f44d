import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "backend" / "_wsgi.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_wsgi", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        ([], {}),
        (["-p", "9091", "--host", "127.0.0.1"], {"OCR_PORT": "9091", "OCR_HOST": "127.0.0.1"}),
        (["--port", "9091", "--log-level", "ERROR"], {"OCR_PORT": "9091", "LOG_LEVEL": "ERROR"}),
        (["-d"], {"LOG_LEVEL": "DEBUG"}),
        (["--debug", "--check", "--model-dir", "/m"], {"LOG_LEVEL": "DEBUG", "MODEL_DIR": "/m"}),
        (
            ["--basic-auth-user", "u", "--basic-auth-pass", "p"],
            {"BASIC_AUTH_USER": "u", "BASIC_AUTH_PASS": "p"},
        ),
        (
            ["--with", "PADDLEOCR_LANG=en", "LABEL_STUDIO_URL=http://ls/?a=b", "-p", "1"],
            {"PADDLEOCR_LANG": "en", "LABEL_STUDIO_URL": "http://ls/?a=b", "OCR_PORT": "1"},
        ),
        (["--kwargs", "THREADS=2"], {"THREADS": "2"}),
    ],
)
def test_every_option_of_label_studio_ml_becomes_a_setting(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, arguments: list[str], variables: dict[str, str]
) -> None:
    for name in list(__import__("os").environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("KEPT", "x")
    assert script.variables(arguments) == {"KEPT": "x", **variables}


@pytest.mark.parametrize("pair", ["model=x.pt", "THREADS", "=3"])
def test_an_unknown_setting_is_refused_with_a_list_of_all(
    script: ModuleType, capsys: pytest.CaptureFixture[str], pair: str
) -> None:
    with pytest.raises(SystemExit):
        script.variables(["--with", pair])
    assert "PADDLEOCR_LANG" in capsys.readouterr().err
