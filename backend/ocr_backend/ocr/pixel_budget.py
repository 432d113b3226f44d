"""Keeps the px that are worked on at the same moment, and so the memory, below a limit.

Knows nothing of images; `direct_reader` spends from it while a network looks for lines.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class PixelBudget:
    """A number of px that callers share; who asks for more than is left waits, in order of asking."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most
        self._door = threading.Lock()
        self._returned = threading.Condition()

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits for px to come back."""
        return self._door.locked()

    @contextmanager
    def spent(self, pixels: int) -> Iterator[None]:
        """Holds so many px until the end of the context; what is larger than all there are goes alone."""
        pixels = min(pixels, self._most)
        # Whoever waits keeps the door shut: else many small ones would keep a large one waiting for ever.
        with self._door, self._returned:
            self._returned.wait_for(lambda: pixels <= self._left)
            self._left -= pixels
        try:
            yield
        finally:
            with self._returned:
                self._left += pixels
                self._returned.notify_all()
