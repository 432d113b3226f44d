"""HTTP connections that keep two promises: no address that is not allowed, no answer that drips for ever.

Addresses are checked before anything is sent there, and again on the connection itself, so that no name that
resolves differently the second time gets around it. Knows urllib3 and requests, serves `downloads`.
"""

import ipaddress
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from ocr_backend.errors import ImageError
from ocr_backend.system.address_policy import AddressPolicy, is_metadata
from ocr_backend.system.header_deadline import HeaderDeadlineConnection, pool_classes

AddressCheck = Callable[[str, str], None]
"""Takes a host and the address of a connection to it; raises `ImageError` if it must not be used."""


def session(allowed: AddressPolicy | None, size: int) -> requests.Session:
    """A session for `size` threads that keeps no cookies and no credentials.

    Connections to metadata services of clouds end in `ImageError`; with `allowed` also those to addresses
    that are neither public nor allowed.
    """
    made = requests.Session()
    made.auth = _no_auth  # otherwise requests takes credentials from a .netrc file
    made.cookies.set_policy(_NO_COOKIES)
    made.headers["Accept-Encoding"] = "identity"
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter(partial(_check, allowed), pool_maxsize=size))
    return made


def _check(allowed: AddressPolicy | None, host: str, address: str) -> None:
    if is_metadata(address):
        raise ImageError(
            "refused",
            f"{host} has the address {address} of a cloud's metadata service, which is never asked, "
            "whatever OCR_FETCH_ALLOW says",
        )
    if allowed is not None and not allowed.has_address(address):
        raise ImageError(
            "refused",
            f"{host} has the address {address}, which is not public; if images may come from there, "
            "add the host or its network to OCR_FETCH_ALLOW",
        )


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])


class _Adapter(HTTPAdapter):
    def __init__(self, check: AddressCheck, **kwargs: Any) -> None:
        self._check = check
        super().__init__(**kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        # A proxy, where the environment names one, has its own pools: what a name means is decided there.
        self.poolmanager.pool_classes_by_scheme = pool_classes(_careful(self._check))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """The answer; an address that stands in the URL itself is checked for proxies too."""
        host = urlsplit(request.url or "").hostname or ""
        address = _written_address(host)
        if address is not None:
            self._check(host, address)
        return super().send(request, *args, **kwargs)


def _careful(check: AddressCheck) -> type[HeaderDeadlineConnection]:
    class Careful(_Careful):
        check_address = staticmethod(check)

    return Careful


class _Careful(HeaderDeadlineConnection):
    check_address: AddressCheck
    host: str
    port: int

    def _new_conn(self) -> socket.socket:
        # All of a name's addresses, so that a refusal does not tell whether something listens there.
        for address in _addresses(self.host, self.port):
            self.check_address(self.host, address)
        made: socket.socket = super()._new_conn()  # type: ignore[misc]  # the class beside this one has it
        try:
            self.check_address(self.host, made.getpeername()[0])
        except ImageError:
            made.close()
            raise
        return made


def _written_address(host: str) -> str | None:
    """The address that a host is in any spelling, such as 127.1 and 0x7f000001; None for a name."""
    with suppress(OSError):
        return socket.inet_ntoa(socket.inet_aton(host))
    with suppress(ValueError):
        return str(ipaddress.ip_address(host))
    return None


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # connecting fails in the same way, and says so
        return []
    return [str(where[0]) for *_, where in found]
