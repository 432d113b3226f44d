"""How much memory a worker may use for decoding and for detection, and a semaphore that keeps to it.

The constants are measured by benchmarks/memory.py. `doctor` uses the same.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ocr_backend.config.settings import Settings
from ocr_backend.ocr.detection import MAX_SIDE_PX
from ocr_backend.system import cgroup_memory

_MAX_DETECTION_PIXELS = MAX_SIDE_PX**2
_MIN_DETECTION_PIXELS = 1_000_000
"""Below it, ordinary print gets lost; no memory limit reduces images further."""
_PIXELS_PER_SLOT = 4_000_000
"""With few slots, the largest image uses the whole budget."""
_DECODE_SHARE = 0.4
"""The part of the memory beside the models that decoded images may take."""
_MIN_DECODE_BYTES = 400_000_000
"""Enough for A4 pages at 300 dpi; no memory limit refuses them."""
DECODE_BYTES_PER_PIXEL = 13
"""Memory for a decoded image of an ordinary format."""
_PDF_BYTES = 250_000_000
"""The child process of a PDF page (`images`); a test compares them."""


@dataclass(frozen=True)
class EngineMemory:
    """Bytes that an engine takes after any number of images: in all, per slot, per pixel in detection."""

    base: int
    per_slot: int
    per_pixel: int


_ENGINES = {
    "openvino": EngineMemory(500_000_000, 350_000_000, 165),
    "onnxruntime": EngineMemory(500_000_000, 250_000_000, 245),
}
_OTHER_ENGINE = EngineMemory(1_700_000_000, 100_000_000, 245)


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes for all decoded images, and pixels in detection, at the same time."""

    decode_bytes: int
    detection_pixels: int


def memory_plan(engine: str, slots: int, max_image_pixels: int, memory_bytes: int | None) -> MemoryPlan:
    """The plan for one process with this memory limit, or with none."""
    memory = _ENGINES.get(engine, _OTHER_ENGINE)
    # One more image than slots is decoded, ready for the next free slot.
    decode_bytes = (slots + 1) * (max_image_pixels * DECODE_BYTES_PER_PIXEL + _PDF_BYTES)
    pixels = max(_MAX_DETECTION_PIXELS, _PIXELS_PER_SLOT * slots)
    if memory_bytes is None:
        return MemoryPlan(decode_bytes, pixels)
    available = max(0, memory_bytes - memory.base - slots * memory.per_slot)
    decode_bytes = min(decode_bytes, max(_MIN_DECODE_BYTES, round(_DECODE_SHARE * available)))
    affordable = (available - decode_bytes) // memory.per_pixel
    return MemoryPlan(decode_bytes, max(_MIN_DETECTION_PIXELS, min(pixels, affordable)))


def worker_plan(engine: str, slots: int, settings: Settings) -> MemoryPlan:
    """The plan for a worker in this container, whose workers share its memory limit."""
    limit = cgroup_memory.limit_bytes()
    memory_bytes = limit // settings.workers if limit else None
    return memory_plan(engine, slots, settings.max_image_pixels, memory_bytes)


class MemoryBudget:
    """A fair (FIFO) semaphore of bytes, pixels or whatever stands for memory."""

    def __init__(self, total: int) -> None:
        self.total = self._available = total
        self._queue_lock = threading.Lock()
        self._released = threading.Condition()

    @property
    def has_waiters(self) -> bool:
        """Whether a caller is waiting."""
        return self._queue_lock.locked()

    @contextmanager
    def acquire(self, amount: int, timeout: float | None = None) -> Iterator[None]:
        """Holds an amount until the end of the context; more than the total takes the whole budget.

        Raises:
            TimeoutError: it was not available in so many seconds.
        """
        amount = min(amount, self.total)
        self._wait_for(amount, timeout)
        try:
            yield
        finally:
            with self._released:
                self._available += amount
                self._released.notify_all()

    def _wait_for(self, amount: int, timeout: float | None) -> None:
        # The caller that waits keeps the queue locked; else many small requests would starve a large one.
        if not self._queue_lock.acquire(timeout=-1 if timeout is None else timeout):
            raise TimeoutError
        try:
            self._take(amount, timeout)
        finally:
            self._queue_lock.release()

    def _take(self, amount: int, timeout: float | None) -> None:
        with self._released:
            if not self._released.wait_for(lambda: amount <= self._available, timeout):
                raise TimeoutError
            self._available -= amount
