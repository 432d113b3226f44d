"""Orientation: inputs and labels of classifiers, and rotating points back."""

from pathlib import Path

import numpy as np
import pytest

from ocr_backend.config import model_catalog
from ocr_backend.models.model_folder import Model, ModelError
from ocr_backend.ocr import orientation

IMAGE = np.random.default_rng(3).integers(0, 256, (30, 50, 3), np.uint8)


def model(name, steps, labels=("0", "180")):
    config = {
        "PreProcess": {"transform_ops": steps},
        "PostProcess": {"Topk": {"topk": 1, "label_list": list(labels)}},
    }
    return Model("textline_orientation", name, "onnx", Path("folder"), config, "")


LINE = model(
    model_catalog.TEXTLINE_ORIENTATION, [{"ResizeImage": {"size": [160, 80]}}, {"NormalizeImage": {}}]
)
PAGE = model(
    model_catalog.DOC_ORIENTATION,
    [{"ResizeImage": {"resize_short": 256}}, {"CropImage": {"size": 224}}, {"NormalizeImage": {}}],
    ("0", "90", "180", "270"),
)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("x", [0, 17, 49])
@pytest.mark.parametrize("y", [0, 11, 29])
def test_a_point_is_rotated_back_to_the_image(degrees, x, y):
    dark = np.zeros_like(IMAGE)
    dark[y, x] = 255
    rows, columns, _ = np.nonzero(orientation.rotate(dark, degrees))
    centre = (float(columns[0]) + 0.5, float(rows[0]) + 0.5)
    back = orientation.rotate_back((centre,) * 4, degrees, 30, 50)
    assert back == ((x + 0.5, y + 0.5),) * 4


def test_rotation_is_anticlockwise():
    assert orientation.rotate(IMAGE, 90).shape == (50, 30, 3)
    assert np.array_equal(orientation.rotate(IMAGE, 90)[0], IMAGE[:, -1])


def test_the_line_classifier_gets_the_whole_line_in_rgb():
    batch = orientation.classifier(LINE).network_input([IMAGE, IMAGE])
    assert batch.shape == (2, 3, 80, 160)
    blue = orientation.classifier(LINE).network_input([np.full((8, 8, 3), (255, 0, 0), np.uint8)])
    assert blue[0, :, 0, 0] == pytest.approx([-0.485 / 0.229, -0.456 / 0.224, (1 - 0.406) / 0.225], abs=1e-5)


@pytest.mark.parametrize("shape", [(600, 400), (400, 600), (1, 900), (900, 1), (224, 224)])
def test_the_page_classifier_gets_the_middle_of_a_page(shape):
    page = np.zeros((*shape, 3), np.uint8)
    assert orientation.classifier(PAGE).network_input([page]).shape == (1, 3, 224, 224)


def test_the_most_probable_label_is_taken():
    outputs = np.array([[0.2, 0.8], [0.05, 0.95], [0.6, 0.4]], np.float32)
    assert orientation.classifier(LINE).best_labels(outputs) == ["180", "180", "0"]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(model(model_catalog.DOC_ORIENTATION, [{"NormalizeImage": {}}]), id="no size"),
        pytest.param(
            model(model_catalog.DOC_ORIENTATION, [{"ResizeImage": {"size": [9, 9]}}], ()), id="no labels"
        ),
    ],
)
def test_a_description_without_size_or_labels_is_refused(broken):
    with pytest.raises(
        ModelError, match="folder is broken: its inference.yml has no input size or no labels"
    ):
        orientation.classifier(broken)
