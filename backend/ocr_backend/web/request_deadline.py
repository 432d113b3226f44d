"""Time limits for clients that send their requests slowly, so that they do not hold the server's threads.

Gunicorn waits without a limit for the rest of a head or body. `gunicorn_server` passes it these sockets.
"""

import errno
import socket
import time
from collections.abc import Callable
from typing import Any

HEAD_SECONDS = 15.0
"""For the head of a request; gunicorn itself waits 5 s of it for the first byte (guess)."""

BODY_SECONDS = 60.0
"""For the body; OCR_MAX_REQUEST_BYTES then takes 9 Mbit/s, and Label Studio waits 100 s (guess)."""

DRAIN_SECONDS = 1.0
"""For the rest of a body that was refused. Then the connection is closed without waiting for the client, for
which gunicorn would stop accepting connections (guess)."""


class DeadlineSocket:
    """A connected socket from which data can only be received until a deadline; otherwise like `sock`."""

    def __init__(self, sock: socket.socket, clock: Callable[[], float] = time.monotonic) -> None:
        self._sock = sock
        self._clock = clock
        self._deadline = clock() + HEAD_SECONDS

    def allow_seconds(self, seconds: float) -> None:
        """Sets the deadline, from now."""
        self._deadline = self._clock() + seconds

    def recv(self, size: int) -> bytes:
        """Receives data.

        Raises:
            ConnectionResetError: the deadline has passed; to gunicorn, the client has gone.
        """
        remaining = self._deadline - self._clock()
        timeout = self._sock.gettimeout()
        try:
            if remaining <= 0:
                raise TimeoutError
            self._sock.settimeout(remaining if timeout is None else min(timeout, remaining))
            return self._sock.recv(size)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the client sends too slowly") from error
        finally:
            self._sock.settimeout(timeout)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the socket's."""
        return getattr(self._sock, name)
