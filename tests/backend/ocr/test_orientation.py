"""Orientation: what classifiers are shown, when they are believed, and the way back to the image."""

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


OFFICIAL_LINE = model(
    model_catalog.TEXTLINE_ORIENTATION, [{"ResizeImage": {"size": [160, 80]}}, {"NormalizeImage": {}}]
)
OLD_LINE = model(
    model_catalog.BUILTIN_TEXTLINE_ORIENTATION,
    [{"ResizeImage": {"size": [192, 48]}}, {"NormalizeImage": {"mean": [0.5] * 3, "std": [0.5] * 3}}],
)
PAGE = model(
    model_catalog.DOC_ORIENTATION,
    [{"ResizeImage": {"resize_short": 256}}, {"CropImage": {"size": 224}}, {"NormalizeImage": {}}],
    ("0", "90", "180", "270"),
)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("x", [0, 17, 49])
@pytest.mark.parametrize("y", [0, 11, 29])
def test_a_point_finds_its_way_back_to_the_image(degrees, x, y):
    dark = np.zeros_like(IMAGE)
    dark[y, x] = 255
    rows, columns, _ = np.nonzero(orientation.turned(dark, degrees))
    middle = (float(columns[0]) + 0.5, float(rows[0]) + 0.5)
    back = orientation.turned_back((middle,) * 4, degrees, 30, 50)
    assert back == ((x + 0.5, y + 0.5),) * 4


def test_a_quarter_turn_is_anticlockwise():
    assert orientation.turned(IMAGE, 90).shape == (50, 30, 3)
    assert np.array_equal(orientation.turned(IMAGE, 90)[0], IMAGE[:, -1])


def test_the_official_network_sees_the_whole_line_in_rgb():
    seen = orientation.classifier(OFFICIAL_LINE).network_input([IMAGE, IMAGE])
    assert seen.shape == (2, 3, 80, 160)
    blue = orientation.classifier(OFFICIAL_LINE).network_input([np.full((8, 8, 3), (255, 0, 0), np.uint8)])
    assert blue[0, :, 0, 0] == pytest.approx([-0.485 / 0.229, -0.456 / 0.224, (1 - 0.406) / 0.225], abs=1e-5)


def test_the_older_network_sees_a_line_in_its_own_ratio():
    seen = orientation.classifier(OLD_LINE).network_input([np.full((10, 20, 3), 255, np.uint8)])
    assert seen.shape == (1, 3, 48, 192)
    assert (seen[0, :, :, :96] == 1).all()  # 20 / 10 * 48
    assert not seen[0, :, :, 96:].any()


@pytest.mark.parametrize("shape", [(600, 400), (400, 600), (1, 900), (900, 1), (224, 224)])
def test_a_page_is_judged_by_its_middle(shape):
    page = np.zeros((*shape, 3), np.uint8)
    assert orientation.classifier(PAGE).network_input([page]).shape == (1, 3, 224, 224)


def test_the_older_network_is_believed_only_when_it_is_sure():
    answers = np.array([[0.2, 0.8], [0.05, 0.95], [0.6, 0.4]], np.float32)
    assert orientation.classifier(OLD_LINE).chosen(answers) == ["0", "180", "0"]
    assert orientation.classifier(OFFICIAL_LINE).chosen(answers) == ["180", "180", "0"]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(model(model_catalog.DOC_ORIENTATION, [{"NormalizeImage": {}}]), id="no size"),
        pytest.param(
            model(model_catalog.DOC_ORIENTATION, [{"ResizeImage": {"size": [9, 9]}}], ()), id="no labels"
        ),
    ],
)
def test_a_folder_that_does_not_say_enough_is_refused(broken):
    with pytest.raises(ModelError, match="folder is broken: its inference.yml names no size or labels"):
        orientation.classifier(broken)
