"""`ocr-backend models list`: every combination of the catalog, and how its models are in MODEL_DIR."""

import json
from pathlib import Path

import pytest

from ocr_backend.commands.cli import main
from ocr_backend.config import model_catalog

DETECTION, RECOGNITION = "PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec"


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def told(*arguments: str, **variables: str) -> str:
        for name, text in {"MODEL_DIR": str(tmp_path), **variables}.items():
            monkeypatch.setenv(name, text)
        main(["models", "list", *arguments])
        return capsys.readouterr().out

    return told


def put(root: Path, name: str, weights: bytes = b"weights") -> None:
    folder = root / f"{name}_onnx"
    folder.mkdir()
    config = {"Global": {"model_name": name}, "PostProcess": {"character_dict": ["a"]}}
    (folder / "inference.yml").write_text(json.dumps(config))
    (folder / "inference.onnx").write_bytes(weights)


def test_every_combination_is_listed_with_its_models(listed) -> None:
    rows = json.loads(listed("--json"))["combinations"]
    assert [(row["ocr_version"], row["language"], row["model_type"]) for row in rows] == list(
        model_catalog.combinations()
    )
    for row in rows:
        models = model_catalog.model_set(row["ocr_version"], row["language"], row["model_type"])
        assert (row["detection"], row["recognition"]) == (models.detection, models.recognition)
        assert row["forms"] == list(model_catalog.package_forms(row["ocr_version"]))
    assert {(row["ocr_version"], row["model_type"]) for row in rows if row["builtin"]} == {
        ("PP-OCRv6", "mobile")
    }
    assert [(row["language"], row["model_type"]) for row in rows if row["current"]] == [("ch", "server")]


def test_the_models_of_the_optional_steps_are_listed_too(listed) -> None:
    rows = {row["setting"]: row for row in json.loads(listed("--json"))["optional"]}
    assert {setting: row["model"] for setting, row in rows.items()} == {
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "PP-LCNet_x1_0_textline_ori",
        "PADDLEOCR_USE_DOC_ORIENTATION": "PP-LCNet_x1_0_doc_ori",
        "PADDLEOCR_USE_DOC_UNWARPING": "UVDoc",
    }
    assert {tuple(row["forms"]) for row in rows.values()} == {("onnx", "paddle")}
    assert "PADDLEOCR_USE_DOC_UNWARPING         UVDoc " in listed()


def test_what_is_in_the_folder_is_told(listed, tmp_path: Path) -> None:
    put(tmp_path, DETECTION)
    put(tmp_path, RECOGNITION, weights=b"")
    (row,) = json.loads(
        listed("--json", "--ocr-version", "PP-OCRv5", "--language", "ch", "--model-type", "mobile")
    )["combinations"]
    assert row["in_model_dir"] == {DETECTION: "whole (onnx)", RECOGNITION: "broken (onnx)"}


def test_the_table_shows_what_the_settings_need(listed, tmp_path: Path) -> None:
    put(tmp_path, DETECTION)
    put(tmp_path, RECOGNITION)
    text = listed("--language", "ch", "--model-type", "mobile", PADDLEOCR_MODEL_TYPE="mobile")
    (current,) = (line for line in text.splitlines() if "*" in line)
    assert current.split() == [
        "PP-OCRv5*", "ch", "mobile", DETECTION, RECOGNITION, "onnx", "and", "paddle", "whole", "(onnx)"
    ]  # fmt: skip
    assert f"\nneeded by the settings (OCR_MODEL_SOURCE=hub, MODEL_DIR={tmp_path}):\n" in text
    assert f"recognition           {RECOGNITION}         whole (onnx)\n" in text
    assert "textline_orientation  PP-LCNet_x1_0_textline_ori  missing\n" in text


def test_builtin_models_need_no_folder(listed) -> None:
    variables = {
        "OCR_MODEL_SOURCE": "builtin",
        "PADDLEOCR_VERSION": "PP-OCRv6",
        "PADDLEOCR_MODEL_TYPE": "mobile",
    }
    needed = json.loads(listed("--json", **variables))["needed"]
    assert {row["state"] for row in needed} == {"builtin"}
    assert len(needed) == 3
