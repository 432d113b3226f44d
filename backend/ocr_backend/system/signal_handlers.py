"""Restores this process's signal handlers after the import of a library that replaces them.

Paddle 3.3 does: after its import, SIGTERM ends the process at once with a C++ trace. Python's own `signal`
can restore a handler in the main thread only, but models are loaded in another thread.
"""

import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGABRT, signal.SIGSEGV)
_SIGACTION_BYTES = 256  # more than any `struct sigaction`: 152 bytes with glibc on 64 bits, the largest


@contextmanager
def preserved_signal_handlers() -> Iterator[None]:
    """Restores the handlers of terminating signals when the context ends; works in any thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    actions = {number: ctypes.create_string_buffer(_SIGACTION_BYTES) for number in _SIGNALS}
    for number, action in actions.items():
        _check(libc.sigaction(number, None, action))
    try:
        yield
    finally:
        for number, action in actions.items():
            _check(libc.sigaction(number, action, None))


def _check(status: int) -> None:
    if status != 0:
        raise OSError(ctypes.get_errno(), "sigaction")
