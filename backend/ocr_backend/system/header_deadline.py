"""HTTP connections whose answers begin in time: a head that drips for ever is cut off.

Knows urllib3 and requests, no address. `connections` makes of it what fetches images, `hub_http` what asks
hubs of models; both look themselves at how fast the content comes.
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
    """What goes before a class of connections."""

    sock: socket.socket | None
    timeout: float | None
    """Seconds; urllib3 sets it to that for reading before it asks for the answer."""

    def getresponse(self) -> HTTPResponse:
        """The answer's head; TimeoutError if it takes longer than the timeout.

        By itself that holds for each piece alone, so a head sent byte by byte would hold a thread for hours.
        """
        is_cut = threading.Event()
        with _cut_off(self.sock, self.timeout, is_cut):
            response: HTTPResponse = super().getresponse()  # type: ignore[misc]  # the class beside has it
        if is_cut.is_set():  # what seems to be the end of the head is where the connection was cut
            response.close()
            raise TimeoutError
        return response


def pool_classes(kind: type[HeaderDeadlineConnection]) -> dict[str, type[HTTPConnectionPool]]:
    """Pools of such connections by scheme, as a `PoolManager` takes them."""

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
    """What a session is given for its connections to be such, also those to proxies."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Makes the pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = pool_classes(HeaderDeadlineConnection)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        """The pools for a proxy."""
        manager: PoolManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = pool_classes(HeaderDeadlineConnection)
        return manager


@contextmanager
def _cut_off(
    connection: socket.socket | None, seconds: float | None, is_cut: threading.Event
) -> Iterator[None]:
    """Ends the connection if the block takes longer; an error is due to that then."""
    if connection is None or seconds is None:
        yield
        return

    def cut() -> None:
        is_cut.set()
        with suppress(OSError):  # it may have ended by itself meanwhile
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, HTTPException) as error:
        if is_cut.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
