"""How many pixels detection processes at the same time, by inference slots and memory."""

import pytest

from ocr_backend.ocr import engine_factory
from ocr_backend.ocr.native_reader import detection_pixel_limit
from ocr_backend.system import cgroup_memory

LARGEST = 4000 * 4000
GIB = 2**30


@pytest.mark.parametrize(
    ("slots", "memory", "pixels"),
    [
        pytest.param(2, None, LARGEST, id="few slots: one of the largest images"),
        pytest.param(8, None, 2 * LARGEST, id="many slots: several"),
        pytest.param(8, 4 * GIB, (4 * GIB - 1_700_000_000) // 165, id="memory for less than one"),
        pytest.param(8, 6 * GIB, (6 * GIB - 1_700_000_000) // 165, id="memory for less than two"),
        pytest.param(8, 64 * GIB, 2 * LARGEST, id="more memory than needed"),
        pytest.param(2, 3 * GIB, (3 * GIB - 1_700_000_000) // 165, id="few slots and little memory"),
        pytest.param(8, GIB, 1, id="hardly any memory"),
    ],
)
def test_the_pixel_limit_follows_slots_and_memory(slots: int, memory: int | None, pixels: int) -> None:
    assert detection_pixel_limit(slots, memory) == pixels


@pytest.mark.model
def test_each_worker_has_its_share_of_the_containers_memory(monkeypatch, builtin):
    monkeypatch.setattr(cgroup_memory, "limit_bytes", lambda: 12 * GIB)
    arguments = []
    monkeypatch.setattr(
        "ocr_backend.ocr.native_reader.detection_pixel_limit", lambda *call: arguments.append(call) or 1
    )
    engine_factory.open_reader(builtin(workers=2, slots=8)).close()
    assert arguments == [(8, 6 * GIB)]
