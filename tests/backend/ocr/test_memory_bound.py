"""How many px are looked at at the same moment, by slots and memory."""

import pytest

from ocr_backend.ocr import engine_factory
from ocr_backend.ocr.native_reader import pixels_at_once
from ocr_backend.system import cgroup_usage

LARGEST = 4000 * 4000
GIB = 2**30


@pytest.mark.parametrize(
    ("slots", "memory", "pixels"),
    [
        pytest.param(2, None, LARGEST, id="few slots take turns with the largest images"),
        pytest.param(8, None, 2 * LARGEST, id="many look at several"),
        pytest.param(8, 4 * GIB, (4 * GIB - 1_700_000_000) // 165, id="but not where memory holds one only"),
        pytest.param(8, 6 * GIB, (6 * GIB - 1_700_000_000) // 165, id="or not quite two"),
        pytest.param(8, 64 * GIB, 2 * LARGEST, id="plenty of memory changes nothing"),
        pytest.param(
            2, 3 * GIB, (3 * GIB - 1_700_000_000) // 165, id="nor of the largest more than it holds"
        ),
        pytest.param(8, GIB, 1, id="one after the other where there is hardly any"),
    ],
)
def test_the_pixels_at_once_follow_slots_and_memory(slots: int, memory: int | None, pixels: int) -> None:
    assert pixels_at_once(slots, memory) == pixels


@pytest.mark.model
def test_each_worker_has_its_share_of_the_containers_memory(monkeypatch, builtin):
    monkeypatch.setattr(cgroup_usage, "memory_limit_bytes", lambda: 12 * GIB)
    asked = []
    monkeypatch.setattr(
        "ocr_backend.ocr.native_reader.pixels_at_once", lambda *given: asked.append(given) or 1
    )
    engine_factory.open_reader(builtin(workers=2, slots=8)).close()
    assert asked == [(8, 6 * GIB)]
