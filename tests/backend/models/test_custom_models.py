"""Custom models: fine-tuned exports under names of their own. The builtin weights stand in for them."""

import json
import shutil

import cv2
import numpy as np
import pytest
import requests

import stand_in_models
from backend_process import backend_process, running_backend
from ocr_backend.commands.models.model_verification import verdicts
from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.predictions import model_version
from ocr_backend.models import custom_models, golden_sample
from ocr_backend.models.custom_models import Choice
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr.engine_factory import open_reader

DETECTION, RECOGNITION = "PP-OCRv6_small_det_onnx", "PP-OCRv6_small_rec_onnx"
IMAGE = "test_without_det.jpg"
TEXT = "在中国作家协会第三届儿童文学"
QUIET_PADDLE = ["ignore:No ccache found", "ignore::DeprecationWarning:paddle"]


def described(folder, **changes):
    """Gives a folder's description other sections; None takes one out."""
    config = json.loads((folder / "inference.yml").read_text("utf-8")) | changes
    kept = {name: section for name, section in config.items() if section is not None}
    (folder / "inference.yml").write_text(json.dumps(kept, ensure_ascii=False), "utf-8")


@pytest.fixture
def root(official, tmp_path):
    """MODEL_DIR with two custom models, whose descriptions name no official one, as in PaddleOCR."""
    for name, mine in ((DETECTION, "receipts/det"), (RECOGNITION, "receipts/rec")):
        shutil.copytree(official / name, tmp_path / mine)
        described(tmp_path / mine, Global=None)
    return tmp_path


@pytest.fixture
def settings(root):
    def made(**values):
        given = {
            "ocr_version": "PP-OCRv6",
            "model_type": "mobile",
            "model_source": "dir",
            "model_dir": str(root),
            "detection_model": "receipts/det",
            "recognition_model": "receipts/rec",
            "use_textline_orientation": False,
            "slots": 1,
        }
        return Settings(**(given | values))

    return made


@pytest.fixture
def refusal(settings):
    """Why no reader can be opened with these settings."""

    def said(**values):
        with pytest.raises(ModelError) as error:
            open_reader(settings(**values))
        return str(error.value)

    return said


@pytest.mark.model
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "paddle"])
def test_every_engine_reads_with_custom_models_and_calls_them_by_their_folders(settings, images, engine):
    reader = open_reader(settings(engine=engine))
    assert [(model.part, model.name) for model in reader.models] == [
        ("detection", "det"),
        ("recognition", "rec"),
    ]
    assert [line.text for line in reader.read(images[IMAGE])] == [TEXT]
    assert golden_sample.check(reader, []) == ""
    reader.close()


@pytest.mark.model
def test_a_custom_recogniser_reads_beside_the_official_detector_of_the_settings(
    official, root, settings, images
):
    shutil.copytree(official / DETECTION, root / DETECTION)
    chosen = settings(detection_model="", recognition_model=str(root / "receipts/rec"))
    reader = open_reader(chosen)
    assert [model.name for model in reader.models] == ["rec", "PP-OCRv6_small_det"]
    assert [line.text for line in reader.read(images[IMAGE])] == [TEXT]
    reader.close()


def test_official_models_in_whose_place_custom_ones_stand_are_not_asked_for(settings, refusal):
    assert refusal(recognition_model="").startswith("no model PP-OCRv6_small_rec in ")


@pytest.mark.model
def test_the_version_changes_with_the_weights_and_with_the_dictionary_alone(root, settings):
    def version():
        model = custom_models.opened(custom_models.chosen(settings())[1], "onnx")
        return model_version(settings(), [model]), model

    first, model = version()
    characters = list(model.config["PostProcess"]["character_dict"])
    characters[0], characters[1] = characters[1], characters[0]
    described(root / "receipts/rec", PostProcess={"name": "CTCLabelDecode", "character_dict": characters})
    second, _ = version()
    with (root / "receipts/rec/inference.onnx").open("ab") as weights:
        weights.write(b"x")
    third, _ = version()
    assert len({first, second, third}) == 3


def test_the_reading_order_follows_the_model_that_it_was_made_from(root, settings):
    def made_from():
        return custom_models.opened(custom_models.chosen(settings())[1], "onnx").official_name

    assert made_from() == "PP-OCRv6_small_rec"  # of the settings, since the description names none
    described(root / "receipts/rec", Global={"model_name": "arabic_PP-OCRv5_mobile_rec"})
    assert made_from() == "arabic_PP-OCRv5_mobile_rec"


def swapped(root):
    (root / "receipts/det").rename(root / "other")
    (root / "receipts/rec").rename(root / "receipts/det")
    (root / "other").rename(root / "receipts/rec")


def with_the_networks_swapped(root):
    det, rec = root / "receipts/det/inference.onnx", root / "receipts/rec/inference.onnx"
    det.rename(root / "kept")
    rec.rename(det)
    (root / "kept").rename(rec)


def another_post_process(root):
    described(root / "receipts/rec", PostProcess={"name": "NRTRLabelDecode", "character_dict": ["a"]})


def without_dictionary(root):
    described(root / "receipts/rec", PostProcess={"name": "CTCLabelDecode"})


def shorter_dictionary(root):
    config = json.loads((root / "receipts/rec/inference.yml").read_text("utf-8"))
    described(
        root / "receipts/rec",
        PostProcess={
            "name": "CTCLabelDecode",
            "character_dict": config["PostProcess"]["character_dict"][:-1],
        },
    )


def another_height(root):
    described(
        root / "receipts/rec",
        PreProcess={"transform_ops": [{"RecResizeImg": {"image_shape": [3, 32, 320]}}, {"ToCHWImage": None}]},
    )


FAULTS = [
    pytest.param(
        swapped,
        "OCR_DETECTION_MODEL",
        "its inference.yml says that it is a recognition model, not one for detection",
        id="a recogniser as detector, and the other way round",
    ),
    pytest.param(
        with_the_networks_swapped,
        "OCR_DETECTION_MODEL",
        "the network finds no text: its answer has 3 axes, a detector's 4",
        id="the networks swapped",
    ),
    pytest.param(
        another_post_process,
        "OCR_RECOGNITION_MODEL",
        "its inference.yml has PostProcess.name 'NRTRLabelDecode'; a recognition model has 'CTCLabelDecode' "
        "there",
        id="another kind of recogniser",
    ),
    pytest.param(
        without_dictionary,
        "OCR_RECOGNITION_MODEL",
        "its inference.yml has no list of characters (PostProcess.character_dict)",
        id="no dictionary",
    ),
    pytest.param(
        shorter_dictionary,
        "OCR_RECOGNITION_MODEL",
        "the network knows 18710 classes, its dictionary 18709",
        id="the dictionary of another network",
    ),
    pytest.param(
        another_height,
        "OCR_RECOGNITION_MODEL",
        "it wants images of [3, 32, 320], not of 3 x 48 x any width",
        id="lines of another height",
    ),
    pytest.param(
        lambda root: (root / "receipts/rec/inference.yml").unlink(),
        "OCR_RECOGNITION_MODEL",
        "its inference.yml cannot be read: No such file or directory",
        id="no description",
    ),
    pytest.param(
        lambda root: (root / "receipts/rec/inference.onnx").write_bytes(b""),
        "OCR_RECOGNITION_MODEL",
        "inference.onnx is empty",
        id="no weights in the file",
    ),
    pytest.param(
        lambda root: (root / "receipts/det/golden.txt").write_text("Total"),
        "OCR_DETECTION_MODEL",
        "golden.png and golden.txt go together: golden.png: No such file or directory",
        id="half a golden sample",
    ),
]


@pytest.mark.model
@pytest.mark.parametrize(("damage", "variable", "fault"), FAULTS)
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_what_is_wrong_is_said_at_the_start_with_the_variable_and_the_folder(
    root, refusal, damage, variable, fault, engine
):
    damage(root)
    folder = root / "receipts" / ("det" if "DETECTION" in variable else "rec")
    assert refusal(engine=engine) == (
        f"{variable} names the model folder {folder}, which cannot be used: {fault}; "
        "see docs/custom-models.md"
    )


@pytest.mark.model
def test_paddleocr_is_not_left_to_read_with_the_dictionary_of_another_network(root, refusal):
    shorter_dictionary(root)
    assert "the network knows 18710 classes, its dictionary 18709" in refusal(engine="paddle")


def test_a_folder_that_is_not_there_or_holds_no_network_is_told_of(root, refusal):
    assert "there is no such folder" in refusal(recognition_model="nowhere")
    (root / "receipts/rec/inference.onnx").unlink()
    assert "it has neither inference.onnx nor inference.pdiparams" in refusal()


def test_a_form_that_nothing_here_reads_is_told_of(tmp_path):
    weights = tmp_path / "inference.pdiparams"
    weights.write_bytes(b"x")
    choice = Choice("recognition", tmp_path, "")
    with pytest.raises(ModelError, match="it is in paddle form, and what reads here takes onnx form only"):
        custom_models.common_forms([choice], ["onnx"])


def test_two_custom_models_must_be_of_one_form(tmp_path):
    for name, file in (("a", "inference.onnx"), ("b", "inference.pdiparams")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_bytes(b"x")
    choices = [Choice("detection", tmp_path / "a", ""), Choice("recognition", tmp_path / "b", "")]
    with pytest.raises(ModelError, match="are of different forms, one onnx and one paddle"):
        custom_models.common_forms(choices, ["onnx", "paddle"])
    (tmp_path / "a/inference.pdiparams").write_bytes(b"x")
    assert custom_models.common_forms(choices, ["onnx", "paddle"]) == ("paddle",)


@pytest.mark.model
@pytest.mark.filterwarnings(*QUIET_PADDLE)
def test_custom_models_in_paddle_form_are_read_with_paddleocr(tmp_path):
    stand_in_models.detector(tmp_path, "PP-OCRv5_mobile_det", "paddle")
    stand_in_models.recogniser(tmp_path, "PP-OCRv5_mobile_rec", "paddle")
    for official_name, mine in (("PP-OCRv5_mobile_det", "det"), ("PP-OCRv5_mobile_rec", "rec")):
        (tmp_path / official_name).rename(tmp_path / mine)
        described(tmp_path / mine, Global=None)
    chosen = Settings(
        model_type="mobile",
        model_source="dir",
        model_dir=str(tmp_path),
        detection_model="det",
        recognition_model="rec",
        use_textline_orientation=False,
    )
    reader = open_reader(chosen)
    assert reader.engine == "paddle"
    page = np.full((150, 200, 3), 255, np.uint8)
    page[40:72, 60:92] = 0
    assert [line.text for line in reader.read(page)] == ["a"]
    reader.close()
    described(tmp_path / "rec", PostProcess={"name": "CTCLabelDecode", "character_dict": ["a", "b", "c"]})
    with pytest.raises(ModelError, match="OCR_RECOGNITION_MODEL .* the network knows 4 classes, its dict"):
        open_reader(chosen)


@pytest.mark.model
def test_verifying_tells_a_custom_model_and_the_variable_that_reads_with_it(root):
    found = {verdict.name: verdict for verdict in verdicts(root / "receipts")}
    assert {name: (verdict.problems, verdict.note) for name, verdict in found.items()} == {
        "det": ((), "a custom model, for OCR_DETECTION_MODEL"),
        "rec": ((), "a custom model, for OCR_RECOGNITION_MODEL"),
    }
    chosen = custom_models.Choice("recognition", root / "receipts/rec", "")
    assert found["rec"].digest == custom_models.opened(chosen, "onnx").digest


@pytest.mark.model
@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        pytest.param(*case.values[::2], id=case.id)
        for case in FAULTS
        # Where nothing says what a folder is meant to be, these two are something else.
        if case.values[0] not in (swapped, another_post_process)
    ],
)
def test_verifying_finds_the_same_faults(root, damage, fault):
    damage(root)
    assert fault in [problem for verdict in verdicts(root / "receipts") for problem in verdict.problems]


def test_verifying_tells_all_that_is_wrong_with_a_custom_model(root):
    folder = root / "receipts/rec"
    described(folder, PostProcess={"name": "CTCLabelDecode"})
    (folder / "inference.onnx").write_bytes(b"")
    (folder / "golden.png").write_bytes(b"x")
    (found,) = verdicts(folder)
    assert found.problems == (
        "its inference.yml has no list of characters (PostProcess.character_dict)",
        "inference.onnx is empty",
        "golden.png and golden.txt go together: golden.txt: No such file or directory",
    )


def test_verifying_tells_that_a_description_says_nothing(root):
    described(root / "receipts/rec", PostProcess=None)
    (found,) = verdicts(root / "receipts/rec")
    assert found.problems == (
        "its inference.yml does not say what it is for: PostProcess.name is neither DBPostProcess "
        "(detection) nor CTCLabelDecode (recognition)",
    )


@pytest.fixture
def variables(settings):
    """The environment of a backend with the custom models."""
    chosen = settings()
    return {
        "PADDLEOCR_VERSION": chosen.ocr_version,
        "PADDLEOCR_MODEL_TYPE": chosen.model_type,
        "OCR_MODEL_SOURCE": chosen.model_source,
        "MODEL_DIR": chosen.model_dir,
        "OCR_DETECTION_MODEL": chosen.detection_model,
        "OCR_RECOGNITION_MODEL": chosen.recognition_model,
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "false",
    }


CONFIG = (
    '<View><Image name="image" value="$image"/><Rectangle name="bbox" toName="image"/>'
    '<TextArea name="transcription" toName="image" perRegion="true"/></View>'
)


def readable(root, text):
    """Puts a golden sample of this drawn text into the recogniser's folder, said to be `text`."""
    cv2.imwrite(str(root / "receipts/rec/golden.png"), golden_sample.default_image())
    (root / "receipts/rec/golden.txt").write_text(text)


@pytest.mark.model
def test_a_backend_serves_custom_models_once_they_read_the_image_in_their_folder(root, variables, official):
    readable(root, "314 15926\n")
    with running_backend(variables) as url:
        answer = requests.post(f"{url}/setup", json={"project": "1.2", "schema": CONFIG}, timeout=30).json()
        assert answer["warnings"] == []
        told = requests.get(f"{url}/ui/settings.json", timeout=30).json()
    assert [model["name"] for model in told["models"]] == ["det", "rec"]
    assert told["model_version"] == answer["model_version"]


@pytest.mark.model
def test_a_backend_whose_custom_models_misread_their_image_never_serves(root, variables, tmp_path):
    readable(root, "2718")
    with (
        pytest.raises(RuntimeError, match="the golden sample '2718' was read as '31415926'"),
        backend_process(variables, tmp_path / "log"),
    ):
        pass


@pytest.mark.model
def test_a_custom_recogniser_that_knows_no_digits_serves_and_setup_says_what_is_not_known(root, variables):
    config = json.loads((root / "receipts/rec/inference.yml").read_text("utf-8"))
    characters = [
        chr(0xE000 + int(one)) if one.isdigit() and one.isascii() else one
        for one in config["PostProcess"]["character_dict"]
    ]
    described(root / "receipts/rec", PostProcess={"name": "CTCLabelDecode", "character_dict": characters})
    with running_backend(variables) as url:
        (said,) = requests.post(f"{url}/setup", json={"project": "1.2", "schema": CONFIG}, timeout=30).json()[
            "warnings"
        ]
    assert said.startswith("whether the custom models read well is not known: ")
    assert "put a golden.png and its text as golden.txt into the model folder" in said
