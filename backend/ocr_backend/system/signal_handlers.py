"""Keeps this process's signal handlers while a library is imported that puts its own in their place.

Paddle 3.3 does: from then on SIGTERM ends the process with a C++ trace, whatever is being read. Python's own
`signal` can put a handler back in the main thread only, and models are loaded in another.
"""

import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_KEPT = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGABRT, signal.SIGSEGV)
_BYTES = 256  # of a `struct sigaction`: 152 with glibc on 64 bits, which is the largest


@contextmanager
def kept() -> Iterator[None]:
    """The handlers of signals that end a process are the same after the context as before, in any thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = {number: ctypes.create_string_buffer(_BYTES) for number in _KEPT}
    for number, action in before.items():
        _checked(libc.sigaction(number, None, action))
    try:
        yield
    finally:
        for number, action in before.items():
            _checked(libc.sigaction(number, action, None))


def _checked(status: int) -> None:
    if status != 0:
        raise OSError(ctypes.get_errno(), "sigaction")
