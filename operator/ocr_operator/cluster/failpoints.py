"""Kills the process at a chosen write, for tests of what a crash leaves behind; does nothing by default.

`OCR_OPERATOR_FAILPOINT=before:3` kills it before its third write, `after:3` after the API server has answered
that write. `client` calls it. The chart has no setting for it: only tests set the variable.
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
            raise ValueError(f"{VARIABLE} must be before:N or after:N, N a number from 1")
        self._failing_write = int(number or 0)
        self._count = 0

    def before(self) -> int:
        """A write is about to be sent; returns its number, for `after`."""
        self._count += 1
        self._kill_at("before", self._count)
        return self._count

    def after(self, number: int) -> None:
        """The write was answered."""
        self._kill_at("after", number)

    def _kill_at(self, side: str, number: int) -> None:
        if (side, number) == (self._side, self._failing_write):
            os.kill(os.getpid(), signal.SIGKILL)
