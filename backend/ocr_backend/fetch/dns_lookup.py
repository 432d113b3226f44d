"""Host name -> its addresses, with a time limit.

The system's resolver has none of its own, and cannot be interrupted: a look-up that takes too long goes on in
a thread of its own, which ends with it.
"""

import socket
import threading


def addresses_of(host: str, port: int, seconds: float | None) -> list[str]:
    """The addresses for connections to a host; none if it is no name.

    Raises:
        TimeoutError: the look-up takes longer than so many seconds.
        OSError: the name has no address.
    """
    lookup = _Lookup(host.strip("[]"), port)
    threading.Thread(target=lookup.run, name="dns-lookup", daemon=True).start()
    return lookup.result(seconds)


class _Lookup:
    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._has_ended = threading.Event()
        self._addresses: list[str] = []
        self._error: OSError | None = None

    def run(self) -> None:
        try:
            results = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            self._addresses = [str(address[0]) for *_, address in results]
        except OSError as error:
            self._error = error
        except UnicodeError:
            pass  # no name, and so no address
        finally:
            self._has_ended.set()

    def result(self, seconds: float | None) -> list[str]:
        if not self._has_ended.wait(seconds):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._addresses
