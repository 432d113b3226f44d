"""`ocr-backend models list`: every combination of the catalog, and the state of its models."""

import json
from pathlib import Path

import pytest

import stand_in_models
from ocr_backend.commands.cli import main
from ocr_backend.config import model_catalog

DETECTION, RECOGNITION = "PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec"


@pytest.fixture
def list_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str, **variables: str) -> str:
        for name, text in {"MODEL_DIR": str(tmp_path), **variables}.items():
            monkeypatch.setenv(name, text)
        main(["models", "list", *arguments])
        return capsys.readouterr().out

    return run


def put(root: Path, name: str, weights: bytes = b"weights") -> None:
    folder = root / f"{name}_onnx"
    folder.mkdir()
    config = {
        "Global": {"model_name": name},
        "PostProcess": {"character_dict": stand_in_models.characters(name)},
    }
    (folder / "inference.yml").write_text(json.dumps(config))
    (folder / "inference.onnx").write_bytes(weights)


def test_every_combination_is_listed_with_its_models(list_models) -> None:
    rows = json.loads(list_models("--json"))["combinations"]
    assert [(row["ocr_version"], row["language"], row["model_type"]) for row in rows] == list(
        model_catalog.combinations()
    )
    for row in rows:
        models = model_catalog.model_set(row["ocr_version"], row["language"], row["model_type"])
        assert (row["detection"], row["recognition"]) == (models.detection, models.recognition)
        assert row["formats"] == list(model_catalog.published_formats(row["ocr_version"]))
    builtin = [(row["ocr_version"], row["language"], row["model_type"]) for row in rows if row["builtin"]]
    assert builtin == [
        (ocr_version, language, "mobile")
        for ocr_version, languages in model_catalog.BUILTIN_LANGUAGES.items()
        for language in languages
    ]
    assert [(row["language"], row["model_type"]) for row in rows if row["current"]] == [("ch", "server")]


def test_optional_models_are_listed(list_models) -> None:
    rows = {row["setting"]: row for row in json.loads(list_models("--json"))["optional"]}
    assert {setting: row["model"] for setting, row in rows.items()} == {
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "PP-LCNet_x1_0_textline_ori",
        "PADDLEOCR_USE_DOC_ORIENTATION": "PP-LCNet_x1_0_doc_ori",
        "PADDLEOCR_USE_DOC_UNWARPING": "UVDoc",
    }
    assert {tuple(row["formats"]) for row in rows.values()} == {("onnx", "paddle")}
    assert "PADDLEOCR_USE_DOC_UNWARPING         UVDoc " in list_models()


def test_the_state_of_models_in_the_folder_is_listed(list_models, tmp_path: Path) -> None:
    put(tmp_path, DETECTION)
    put(tmp_path, RECOGNITION, weights=b"")
    (row,) = json.loads(
        list_models("--json", "--ocr-version", "PP-OCRv5", "--language", "ch", "--model-type", "mobile")
    )["combinations"]
    assert row["in_model_dir"] == {DETECTION: "complete (onnx)", RECOGNITION: "broken (onnx)"}


def test_the_table_shows_the_required_models(list_models, tmp_path: Path) -> None:
    put(tmp_path, DETECTION)
    put(tmp_path, RECOGNITION)
    text = list_models("--language", "ch", "--model-type", "mobile", PADDLEOCR_MODEL_TYPE="mobile")
    (current,) = (line for line in text.splitlines() if "*" in line)
    assert current.split() == [
        "PP-OCRv5*", "ch", "mobile", DETECTION, RECOGNITION, "onnx", "and", "paddle,", "builtin", "complete",
        "(onnx)",
    ]  # fmt: skip
    assert f"\nrequired by the settings (OCR_MODEL_SOURCE=hub, MODEL_DIR={tmp_path}):\n" in text
    assert f"recognition           {RECOGNITION}         complete (onnx)\n" in text
    assert "textline_orientation  PP-LCNet_x1_0_textline_ori  missing\n" in text


def test_builtin_models_need_no_folder(list_models) -> None:
    variables = {
        "OCR_MODEL_SOURCE": "builtin",
        "PADDLEOCR_VERSION": "PP-OCRv6",
        "PADDLEOCR_MODEL_TYPE": "mobile",
    }
    needed = json.loads(list_models("--json", **variables))["needed"]
    assert {row["state"] for row in needed} == {"builtin"}
    assert len(needed) == 3
