"""Problems of custom models: reported at the start and by `models verify`, with variable and folder."""

import pytest

from model_configs import change_config, read_config
from ocr_backend.commands.models.model_verification import verify_models
from ocr_backend.models import custom_models
from ocr_backend.models.custom_models import CustomModel
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr.engine_factory import open_reader


@pytest.fixture
def refusal(custom_settings):
    """The message with which a reader for these settings is refused."""

    def message(**changed):
        with pytest.raises(ModelError) as error:
            open_reader(custom_settings(**changed))
        return str(error.value)

    return message


def swap_folders(root):
    (root / "receipts/det").rename(root / "other")
    (root / "receipts/rec").rename(root / "receipts/det")
    (root / "other").rename(root / "receipts/rec")


def swap_networks(root):
    det, rec = root / "receipts/det/inference.onnx", root / "receipts/rec/inference.onnx"
    det.rename(root / "other")
    rec.rename(det)
    (root / "other").rename(rec)


def use_another_post_process(root):
    post_process = {"name": "NRTRLabelDecode", "character_dict": ["a"]}
    change_config(root / "receipts/rec", PostProcess=post_process)


def remove_dictionary(root):
    change_config(root / "receipts/rec", PostProcess={"name": "CTCLabelDecode"})


def shorten_dictionary(root):
    characters = read_config(root / "receipts/rec")["PostProcess"]["character_dict"][:-1]
    post_process = {"name": "CTCLabelDecode", "character_dict": characters}
    change_config(root / "receipts/rec", PostProcess=post_process)


def use_another_height(root):
    steps = [{"RecResizeImg": {"image_shape": [3, 32, 320]}}, {"ToCHWImage": None}]
    change_config(root / "receipts/rec", PreProcess={"transform_ops": steps})


PROBLEMS = [
    pytest.param(
        swap_folders,
        "OCR_DETECTION_MODEL",
        "its inference.yml describes a recognition model, not a detection model",
        id="recogniser and detector swapped",
    ),
    pytest.param(
        swap_networks,
        "OCR_DETECTION_MODEL",
        "the network is not a detector: its output has 3 axes, not 4",
        id="networks swapped",
    ),
    pytest.param(
        use_another_post_process,
        "OCR_RECOGNITION_MODEL",
        "its inference.yml has PostProcess.name 'NRTRLabelDecode'; "
        "a recognition model must have 'CTCLabelDecode'",
        id="unsupported recogniser",
    ),
    pytest.param(
        remove_dictionary,
        "OCR_RECOGNITION_MODEL",
        "its inference.yml has no list of characters (PostProcess.character_dict)",
        id="no dictionary",
    ),
    pytest.param(
        shorten_dictionary,
        "OCR_RECOGNITION_MODEL",
        "the network has 18710 classes, but its dictionary has 18709",
        id="dictionary of another network",
    ),
    pytest.param(
        use_another_height,
        "OCR_RECOGNITION_MODEL",
        "the network needs images of [3, 32, 320], not of 3 x 48 x any width",
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
        id="empty weights",
    ),
    pytest.param(
        lambda root: (root / "receipts/det/golden.txt").write_text("Total"),
        "OCR_DETECTION_MODEL",
        "golden.png and golden.txt must both be readable: golden.png: No such file or directory",
        id="incomplete golden sample",
    ),
]


@pytest.mark.model
@pytest.mark.parametrize(("damage", "variable", "problem"), PROBLEMS)
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_problem_is_reported_at_the_start_with_the_variable_and_the_folder(
    custom_root, refusal, damage, variable, problem, engine
):
    damage(custom_root)
    folder = custom_root / "receipts" / ("det" if "DETECTION" in variable else "rec")
    assert refusal(engine=engine) == (
        f"{variable} names the model folder {folder}, which cannot be used: {problem}; "
        "see docs/custom-models.md"
    )


@pytest.mark.model
def test_paddleocr_does_not_read_with_the_dictionary_of_another_network(custom_root, refusal):
    shorten_dictionary(custom_root)
    assert "the network has 18710 classes, but its dictionary has 18709" in refusal(engine="paddle")


def test_a_folder_that_does_not_exist_or_holds_no_network_is_reported(custom_root, refusal):
    assert "the folder does not exist" in refusal(recognition_model="nowhere")
    (custom_root / "receipts/rec/inference.onnx").unlink()
    assert "it has neither inference.onnx nor inference.pdiparams" in refusal()


@pytest.mark.model
def test_verifying_names_a_custom_model_and_its_variable(custom_root):
    results = {result.name: result for result in verify_models(custom_root / "receipts")}
    assert {name: result.problems for name, result in results.items()} == {"det": (), "rec": ()}
    assert results["det"].note.endswith("OCR_DETECTION_MODEL")
    assert results["rec"].note.endswith("OCR_RECOGNITION_MODEL")
    custom_model = CustomModel("recognition", custom_root / "receipts/rec", "")
    assert results["rec"].digest == custom_models.open_model(custom_model, "onnx").digest


@pytest.mark.model
@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(*case.values[::2], id=case.id)
        for case in PROBLEMS
        # Without a setting that says what a folder is for, these two folders are valid or unknown.
        if case.values[0] not in (swap_folders, use_another_post_process)
    ],
)
def test_verifying_finds_the_same_problems(custom_root, damage, problem):
    damage(custom_root)
    problems = [each for result in verify_models(custom_root / "receipts") for each in result.problems]
    assert problem in problems


def test_verifying_reports_every_problem_of_a_custom_model(custom_root):
    folder = custom_root / "receipts/rec"
    change_config(folder, PostProcess={"name": "CTCLabelDecode"})
    (folder / "inference.onnx").write_bytes(b"")
    (folder / "golden.png").write_bytes(b"x")
    (result,) = verify_models(folder)
    assert result.problems == (
        "its inference.yml has no list of characters (PostProcess.character_dict)",
        "inference.onnx is empty",
        "golden.png and golden.txt must both be readable: golden.txt: No such file or directory",
    )


def test_verifying_reports_a_description_without_a_role(custom_root):
    change_config(custom_root / "receipts/rec", PostProcess=None)
    (result,) = verify_models(custom_root / "receipts/rec")
    assert result.problems == (
        "its inference.yml does not say what the model is for: PostProcess.name is neither DBPostProcess "
        "(detection) nor CTCLabelDecode (recognition)",
    )
