"""The native reader against PaddleOCR itself, on the same model folders.

Positions are equal. The text need not be: for PP-OCRv6 the native reader crops lines with a wider margin than
PaddleOCR, which may cut accents and descenders off; it must be at least as good.
"""

import cv2
import numpy as np
import pytest

from ocr_backend.ocr.engine_factory import open_reader
from ocr_quality import Score, score

pytestmark = pytest.mark.model

MAX_DISTANCE_PX = 1
MIN_EQUAL_SHARE = 0.9
MAX_MORE_ERRORS = 2
"""Of about 1,500 characters: a pixel of margin changes a guess."""


@pytest.fixture(
    scope="module", params=[("openvino", "PP-OCRv6"), ("onnxruntime", "PP-OCRv6"), ("openvino", "PP-OCRv5")]
)
def results(request, builtin, images):
    """Image name and scale -> lines of the native reader and of PaddleOCR, in the same precision."""
    native_engine, ocr_version = request.param
    # Of a line that may be upside down, the native reader reads both sides, PaddleOCR the classifier's side.
    same = {"use_textline_orientation": False, "precision": "f32", "ocr_version": ocr_version}
    native, paddle = (open_reader(builtin(**same, engine=engine)) for engine in (native_engine, "paddle"))
    lines = {}
    for name, image in images.items():
        for scale in (1, 0.7):
            scaled = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            lines[name, scale] = native.read(scaled), paddle.read(scaled)
    native.close()
    paddle.close()
    return lines


def distance(line, other):
    return np.abs(np.array(line.polygon) - np.array(other.polygon)).max()


def counterpart(line, others):
    """The line at the same position, or None."""
    return next((other for other in others if distance(line, other) <= MAX_DISTANCE_PX), None)


def test_every_box_is_at_the_same_position(results):
    """In scripts that the models do not know, either reader may find no character in a box."""
    for where, (ours, theirs) in results.items():
        for lines, others in ((ours, theirs), (theirs, ours)):
            alone = [line for line in lines if line.score >= 0.5 and counterpart(line, others) is None]
            assert alone == [], where


def test_the_text_is_at_least_as_good(results, truth):
    """For scripts that the models know: for others both guess."""
    ours, theirs = Score(), Score()
    for (name, _), (our_lines, their_lines) in results.items():
        if truth[name]["default_model_can_read"]:
            ours += score(truth[name]["lines"], [line.text for line in our_lines])
            theirs += score(truth[name]["lines"], [line.text for line in their_lines])
    assert ours.lines >= 70
    assert ours.errors <= theirs.errors + MAX_MORE_ERRORS, (ours.worst, theirs.worst)


def test_most_lines_have_the_same_text_and_about_the_same_score(results, truth):
    pairs = [
        (our, their)
        for (name, _), (ours, theirs) in results.items()
        for our in ours
        if truth[name]["default_model_can_read"] and our.score >= 0.5
        for their in [counterpart(our, theirs)]
        if their is not None
    ]
    equal = [(our, their) for our, their in pairs if our.text == their.text]
    assert len(pairs) >= 70
    assert len(equal) >= MIN_EQUAL_SHARE * len(pairs)
    assert np.mean([abs(our.score - their.score) for our, their in equal]) <= 0.02
