"""OpenVINO prepares for each new shape; what it keeps for shapes is bounded."""

import random
import resource
from pathlib import Path

import numpy as np
import pytest

from ocr_backend.ocr.engine_factory import resolve_models
from ocr_backend.ocr.openvino_runtime import OpenVino

pytestmark = pytest.mark.model

MAX_GROWTH_MB = 100
"""Measured: 30 MB; 210 MB with OpenVINO's own limit."""


def resident_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 2**20


def test_new_shapes_do_not_add_up(builtin) -> None:
    with resolve_models(builtin(engine="openvino")) as (_, models):
        network, _ = OpenVino(1, is_exact=True).load_network(models["detection"])
    shapes = [(32 * height, 32 * width) for height in range(1, 11) for width in range(1, 9)]
    random.Random(1).shuffle(shapes)
    first, others = shapes[:20], shapes[20:]
    for height, width in [(320, 320), *first]:
        network(np.zeros((1, 3, height, width), np.float32))
    before = resident_mb()
    for height, width in others:
        network(np.zeros((1, 3, height, width), np.float32))
    assert resident_mb() - before < MAX_GROWTH_MB
