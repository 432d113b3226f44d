"""Custom models: fine-tuned exports with names of their own. The builtin weights stand in for them."""

import shutil

import numpy as np
import pytest

import stand_in_models
from model_configs import change_config
from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.predictions import model_version
from ocr_backend.models import custom_models, golden_sample
from ocr_backend.models.custom_models import CustomModel
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr.engine_factory import open_reader

IMAGE = "test_without_det.jpg"
TEXT = "在中国作家协会第三届儿童文学"


@pytest.mark.model
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "paddle"])
def test_every_engine_reads_with_custom_models_and_names_them_by_their_folders(
    custom_settings, images, engine
):
    reader = open_reader(custom_settings(engine=engine))
    assert [(model.role, model.name) for model in reader.models] == [
        ("detection", "det"),
        ("recognition", "rec"),
    ]
    assert [line.text for line in reader.read(images[IMAGE])] == [TEXT]
    assert golden_sample.check(reader, "ch") == ""
    reader.close()


@pytest.mark.model
def test_a_custom_recogniser_works_with_the_official_detector(official, custom_root, custom_settings, images):
    detector = "PP-OCRv6_small_det_onnx"
    shutil.copytree(official / detector, custom_root / detector)
    recogniser = str(custom_root / "receipts/rec")
    reader = open_reader(custom_settings(detection_model="", recognition_model=recogniser))
    assert [model.name for model in reader.models] == ["rec", "PP-OCRv6_small_det"]
    assert [line.text for line in reader.read(images[IMAGE])] == [TEXT]
    reader.close()


def test_an_official_model_is_required_only_if_no_custom_model_replaces_it(custom_settings):
    with pytest.raises(ModelError, match="^no model PP-OCRv6_small_rec in "):
        open_reader(custom_settings(recognition_model=""))


@pytest.mark.model
def test_the_version_changes_with_the_weights_and_with_the_dictionary_alone(custom_root, custom_settings):
    folder = custom_root / "receipts/rec"

    def version():
        model = custom_models.open_model(custom_models.configured(custom_settings())[1], "onnx")
        return model_version(custom_settings(), [model], "onnxruntime"), model

    first, model = version()
    characters = list(model.config["PostProcess"]["character_dict"])
    characters[0], characters[1] = characters[1], characters[0]
    change_config(folder, PostProcess={"name": "CTCLabelDecode", "character_dict": characters})
    second, _ = version()
    with (folder / "inference.onnx").open("ab") as weights:
        weights.write(b"x")
    third, _ = version()
    assert len({first, second, third}) == 3


def test_the_reading_order_follows_the_model_that_a_custom_model_was_trained_from(
    custom_root, custom_settings
):
    def official_name():
        return custom_models.open_model(custom_models.configured(custom_settings())[1], "onnx").official_name

    assert official_name() == "PP-OCRv6_small_rec"  # from the settings, since the description names none
    change_config(custom_root / "receipts/rec", Global={"model_name": "arabic_PP-OCRv5_mobile_rec"})
    assert official_name() == "arabic_PP-OCRv5_mobile_rec"


def test_a_format_without_an_installed_engine_is_refused(tmp_path):
    (tmp_path / "inference.pdiparams").write_bytes(b"x")
    model = CustomModel("recognition", tmp_path, "")
    with pytest.raises(ModelError, match="it is in paddle format, but the engine supports only onnx format"):
        custom_models.common_formats([model], ["onnx"])


def test_two_custom_models_must_have_a_format_in_common(tmp_path):
    for name, file in (("a", "inference.onnx"), ("b", "inference.pdiparams")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_bytes(b"x")
    models = [CustomModel("detection", tmp_path / "a", ""), CustomModel("recognition", tmp_path / "b", "")]
    with pytest.raises(ModelError, match="have different formats, one onnx and one paddle"):
        custom_models.common_formats(models, ["onnx", "paddle"])
    (tmp_path / "a/inference.pdiparams").write_bytes(b"x")
    assert custom_models.common_formats(models, ["onnx", "paddle"]) == ("paddle",)


@pytest.mark.model
@pytest.mark.filterwarnings("ignore:No ccache found", "ignore::DeprecationWarning:paddle")
def test_custom_models_in_paddle_format_are_read_with_paddleocr(tmp_path):
    stand_in_models.detector(tmp_path, "PP-OCRv5_mobile_det", "paddle")
    stand_in_models.recogniser(tmp_path, "PP-OCRv5_mobile_rec", "paddle")
    for official_name, folder in (("PP-OCRv5_mobile_det", "det"), ("PP-OCRv5_mobile_rec", "rec")):
        (tmp_path / official_name).rename(tmp_path / folder)
        change_config(tmp_path / folder, Global=None)
    settings = Settings(
        model_type="mobile",
        model_source="dir",
        model_dir=str(tmp_path),
        detection_model="det",
        recognition_model="rec",
        use_textline_orientation=False,
    )
    reader = open_reader(settings)
    assert reader.engine == "paddle"
    page = np.full((150, 200, 3), 255, np.uint8)
    page[40:72, 60:92] = 0
    assert [line.text for line in reader.read(page)] == ["a"]
    reader.close()
    post_process = {"name": "CTCLabelDecode", "character_dict": ["a", "b", "c"]}
    change_config(tmp_path / "rec", PostProcess=post_process)
    with pytest.raises(
        ModelError, match=r"OCR_RECOGNITION_MODEL .* the network has \d+ classes, but its dict"
    ):
        open_reader(settings)
