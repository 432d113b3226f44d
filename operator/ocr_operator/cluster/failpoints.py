"""Dies at a chosen write, for tests of what a crash leaves behind; does nothing unless told to.

`OCR_OPERATOR_FAILPOINT=before:3` ends the process without a warning before its third write, `after:3` once
the API server has answered it. `cluster` calls it. No setting of the chart: nobody but tests sets it.
"""

import os
import signal
from collections.abc import Mapping

VARIABLE = "OCR_OPERATOR_FAILPOINT"


class Failpoint:
    """Counts writes. Raises `ValueError` for a value that is neither empty nor `before:N` or `after:N`."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._side, _, number = environment.get(VARIABLE, "").partition(":")
        if self._side not in ("", "before", "after"):
            raise ValueError(f"{VARIABLE} is before:N or after:N, N a number from 1")
        self._last = int(number or 0)
        self._count = 0

    def before(self) -> int:
        """A write is about to be sent; answers its number, for `after`."""
        self._count += 1
        self._end_at("before", self._count)
        return self._count

    def after(self, number: int) -> None:
        """It was answered."""
        self._end_at("after", number)

    def _end_at(self, side: str, number: int) -> None:
        if (side, number) == (self._side, self._last):
            os.kill(os.getpid(), signal.SIGKILL)
