"""HTTP connections with a deadline for the whole response header, and a limit for each read of the body.

Without the deadline a server that sends its header byte by byte would hold a thread for hours. Knows urllib3
and requests, but no host or address.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class HeaderDeadlineConnection:
    """Mixin for urllib3 connections that enforces a deadline for the response header."""

    sock: socket.socket | None
    timeout: float | None
    """Seconds; urllib3 sets it to the read timeout before it calls `getresponse`."""

    def getresponse(self) -> HTTPResponse:
        """The response after its header; TimeoutError if the header takes longer than the timeout.

        urllib3 itself applies the timeout to each read, not to the whole header.
        """
        is_shut_down = threading.Event()
        connection = self.sock
        with _shutdown_after(connection, self.timeout, is_shut_down):
            response: HTTPResponse = super().getresponse()  # type: ignore[misc]  # of urllib3's class
        if is_shut_down.is_set():  # the header may be cut off where the connection ended
            response.close()
            raise TimeoutError
        response.body_socket = connection  # type: ignore[attr-defined]  # for `limit_next_read`
        return response


def limit_next_read(response: Any, seconds: float) -> None:
    """Lets the next read of the body of an `HTTPResponse` wait at most some seconds for data.

    Without it a read may wait as long as the whole header.
    """
    connection = getattr(response, "body_socket", None)
    if connection is not None:
        with suppress(OSError):  # the read then fails too
            connection.settimeout(seconds)


def pool_classes(kind: type[HeaderDeadlineConnection]) -> dict[str, type[HTTPConnectionPool]]:
    """Pool classes for connections with the mixin `kind`, by scheme, for a `PoolManager`."""

    class Plain(kind, HTTPConnection):  # type: ignore[misc, valid-type]
        pass

    class Secure(kind, HTTPSConnection):  # type: ignore[misc, valid-type]
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class HeaderDeadlineAdapter(HTTPAdapter):
    """requests adapter whose pools use these connections, including proxy pools."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Creates the connection pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = pool_classes(HeaderDeadlineConnection)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        """The connection pools of a proxy."""
        manager: PoolManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = pool_classes(HeaderDeadlineConnection)
        return manager


@contextmanager
def _shutdown_after(
    connection: socket.socket | None, seconds: float | None, is_shut_down: threading.Event
) -> Iterator[None]:
    """Shuts the connection down after some seconds; errors in the block then become TimeoutError."""
    if connection is None or seconds is None:
        yield
        return

    def shut_down() -> None:
        is_shut_down.set()
        with suppress(OSError):  # it may have ended meanwhile
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, HTTPException) as error:
        if is_shut_down.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
