"""Limits how many pixels are processed at the same time, and so how much memory that takes.

Knows nothing of images; `native_reader` acquires from it for each detection.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class PixelBudget:
    """A fair (FIFO) semaphore counted in pixels."""

    def __init__(self, total_pixels: int) -> None:
        self._total = self._available = total_pixels
        self._queue_lock = threading.Lock()
        self._released = threading.Condition()

    @property
    def has_waiters(self) -> bool:
        """Whether a caller is waiting for pixels."""
        return self._queue_lock.locked()

    @contextmanager
    def acquire(self, pixels: int) -> Iterator[None]:
        """Holds so many pixels until the end of the context; more than the total takes the whole budget."""
        pixels = min(pixels, self._total)
        # The caller that waits keeps the queue locked; else many small requests would starve a large one.
        with self._queue_lock, self._released:
            self._released.wait_for(lambda: pixels <= self._available)
            self._available -= pixels
        try:
            yield
        finally:
            with self._released:
                self._available += pixels
                self._released.notify_all()
