"""The native reader against PaddleOCR itself, on the same model folders."""

import cv2
import numpy as np
import pytest

from ocr_backend.ocr.engine_factory import open_reader

pytestmark = pytest.mark.model

MAX_DISTANCE_PX = 1
MIN_EQUAL_SHARE = 0.98


@pytest.fixture(scope="module", params=["openvino", "onnxruntime"])
def results(request, builtin, images):
    """Image name and scale -> lines of the native reader and of PaddleOCR, in the same precision."""
    # PaddleOCR cannot use the builtin weights of the orientation classifier.
    same = {"use_textline_orientation": False, "precision": "f32"}
    native, paddle = (open_reader(builtin(**same, engine=engine)) for engine in (request.param, "paddle"))
    lines = {}
    for name, image in images.items():
        for scale in (1, 0.7):
            scaled = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            lines[name, scale] = native.read(scaled), paddle.read(scaled)
    native.close()
    paddle.close()
    return lines


def test_every_box_is_at_the_same_position(results):
    for where, (ours, theirs) in results.items():
        assert len(ours) == len(theirs), where
        for our, their in zip(ours, theirs, strict=True):
            assert np.abs(np.array(our.polygon) - np.array(their.polygon)).max() <= MAX_DISTANCE_PX, (
                where,
                our,
                their,
            )


def test_lines_have_the_same_text(results, truth):
    """For scripts that the models know: for others both guess, and a pixel of padding changes the guess."""
    pairs = [
        (where, our, their)
        for where, (ours, theirs) in results.items()
        for our, their in zip(ours, theirs, strict=True)
        if truth[where[0]]["default_model_can_read"] and max(our.score, their.score) >= 0.5
    ]
    different = [(where, our.text, their.text) for where, our, their in pairs if our.text != their.text]
    assert len(pairs) >= 70
    assert len(different) <= (1 - MIN_EQUAL_SHARE) * len(pairs), different


def test_scores_differ_by_a_few_hundredths_at_most(results, truth):
    for where, (ours, theirs) in results.items():
        for our, their in zip(ours, theirs, strict=True):
            if our.text == their.text and their.score >= 0.5:
                assert our.score == pytest.approx(their.score, abs=0.05), where
