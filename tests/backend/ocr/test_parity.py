"""The direct reader against PaddleOCR itself, on the same model folders."""

import cv2
import numpy as np
import pytest

from ocr_backend.ocr.engine_factory import open_reader

pytestmark = pytest.mark.model

FARTHEST_PX = 1
EQUAL_LINES = 0.98


@pytest.fixture(scope="module", params=["openvino", "onnxruntime"])
def read_twice(request, builtin, images):
    """Image's name and scale -> lines of the direct reader and of PaddleOCR, in the same precision."""
    # PaddleOCR cannot use the builtin weights for lines upside down.
    same = {"use_textline_orientation": False, "precision": "f32"}
    direct, paddle = (open_reader(builtin(**same, engine=engine)) for engine in (request.param, "paddle"))
    read = {}
    for name, image in images.items():
        for scale in (1, 0.7):
            scaled = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            read[name, scale] = direct.read(scaled), paddle.read(scaled)
    direct.close()
    paddle.close()
    return read


def test_every_box_is_where_paddleocr_has_it(read_twice):
    for where, (ours, theirs) in read_twice.items():
        assert len(ours) == len(theirs), where
        for our, their in zip(ours, theirs, strict=True):
            assert np.abs(np.array(our.polygon) - np.array(their.polygon)).max() <= FARTHEST_PX, (
                where,
                our,
                their,
            )


def test_lines_say_what_paddleocr_reads(read_twice, truth):
    """Where the models know the script: elsewhere both guess, and a px of padding turns the guess."""
    pairs = [
        (where, our, their)
        for where, (ours, theirs) in read_twice.items()
        for our, their in zip(ours, theirs, strict=True)
        if truth[where[0]]["default_model_can_read"] and max(our.score, their.score) >= 0.5
    ]
    unlike = [(where, our.text, their.text) for where, our, their in pairs if our.text != their.text]
    assert len(pairs) >= 70
    assert len(unlike) <= (1 - EQUAL_LINES) * len(pairs), unlike


def test_scores_are_those_of_paddleocr_to_a_few_hundredths(read_twice, truth):
    for where, (ours, theirs) in read_twice.items():
        for our, their in zip(ours, theirs, strict=True):
            if our.text == their.text and their.score >= 0.5:
                assert our.score == pytest.approx(their.score, abs=0.05), where
