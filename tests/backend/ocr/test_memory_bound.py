"""How much memory decoding and detection may take, by engine, slots and the limit of the container."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_backend.config.settings import Settings
from ocr_backend.ocr import engine_factory, memory_budget
from ocr_backend.ocr.memory_budget import MemoryBudget, memory_plan
from ocr_backend.system import cgroup_memory

LARGEST = 4000 * 4000
GIB = 2**30
ENGINES = ["openvino", "onnxruntime", "paddle"]
MAX_IMAGE_PIXELS = Settings().max_image_pixels


def taken(engine: str, slots: int, memory: int) -> float:
    """What everything takes together after any number of images."""
    plan = memory_plan(engine, slots, MAX_IMAGE_PIXELS, memory)
    constants = memory_budget._ENGINES.get(engine, memory_budget._OTHER_ENGINE)
    beside = constants.base + slots * constants.per_slot
    return beside + plan.decode_bytes + plan.detection_pixels * constants.per_pixel


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("slots", "gib"), [(1, 3), (2, 3), (2, 4), (4, 4), (2, 6), (8, 8), (8, 64)])
def test_the_plan_fits_the_memory_limit(engine: str, slots: int, gib: int) -> None:
    assert taken(engine, slots, gib * GIB) <= gib * GIB


@pytest.mark.parametrize("engine", ENGINES)
def test_no_limit_reduces_detection_to_nothing(engine: str) -> None:
    assert memory_plan(engine, 8, MAX_IMAGE_PIXELS, GIB // 4).detection_pixels == 1_000_000


@pytest.mark.parametrize(("slots", "pixels"), [(2, LARGEST), (8, 2 * LARGEST)])
@pytest.mark.parametrize("memory", [None, 64 * GIB])
def test_without_a_limit_each_slot_has_its_share(slots: int, pixels: int, memory: int | None) -> None:
    assert memory_plan("openvino", slots, MAX_IMAGE_PIXELS, memory).detection_pixels == pixels


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_four_gib_hold_the_largest_image(engine: str) -> None:
    assert memory_plan(engine, 2, MAX_IMAGE_PIXELS, 4 * GIB).decode_bytes >= MAX_IMAGE_PIXELS * 13


@pytest.mark.model
def test_each_worker_has_its_share_of_the_containers_memory(monkeypatch, builtin):
    monkeypatch.setattr(cgroup_memory, "limit_bytes", lambda: 12 * GIB)
    plans = []
    monkeypatch.setattr(memory_budget, "memory_plan", lambda *call: plans.append(call) or memory_plan(*call))
    engine_factory.open_reader(builtin(workers=2, slots=8)).close()
    assert [(slots, memory) for _, slots, _, memory in plans] == [(8, 6 * GIB)]


@pytest.mark.model
def test_a_page_too_large_for_the_budget_is_reduced_for_detection(monkeypatch, builtin_reader):
    page = Image.new("RGB", (2400, 1800), "white")
    ImageDraw.Draw(page).text((600, 900), "Invoice 4711", fill="black", font=ImageFont.load_default(size=120))
    monkeypatch.setattr(builtin_reader, "_budget", MemoryBudget(1_000_000))
    (line,) = builtin_reader.read(np.asarray(page))
    assert line.text == "Invoice 4711"
    left, top = line.polygon[0]
    assert 560 < left < 620, "the place on the page, not on the reduced one"
    assert 880 < top < 960
