"""HTTP sessions that only connect to allowed addresses, and only send URLs in normal form.

A host is resolved once, and only the addresses that were checked are contacted, so that a name cannot resolve
differently the second time (DNS rebinding). Label Studio's token is added here, by
the URL that is sent. Knows urllib3 and requests.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

import requests
from requests.utils import urldefragauth
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationParseError, NewConnectionError

from ocr_backend.errors import ImageError
from ocr_backend.fetch.dns_lookup import addresses_of
from ocr_backend.fetch.file_url import FileUrl, parse_file_url
from ocr_backend.system.address_policy import AddressPolicy, is_metadata_address
from ocr_backend.system.header_deadline import HeaderDeadlineAdapter, HeaderDeadlineConnection, pool_classes
from ocr_backend.system.http_session import http_session

AddressCheck = Callable[[str, str], None]
"""Takes a host and an address of it; raises `ImageError` if connections there are not allowed."""


USER_AGENT = "Mozilla/5.0 (compatible; ocr-backend)"
"""Some hosts refuse the names of HTTP libraries, and give images to browsers only."""

Authorize = Callable[[FileUrl], str]
"""The value of Authorization for a URL; empty for none."""


def guarded_session(
    policy: AddressPolicy | None,
    pool_size: int = 1,
    verify: bool = True,
    authorize: Authorize = lambda _: "",
) -> requests.Session:
    """A session for `pool_size` threads whose connections raise `ImageError` for a forbidden address.

    It follows no redirect: each target is judged by the caller.

    Metadata services of clouds are always forbidden; with a policy, every address that it does not allow.
    """
    adapter = _GuardedAdapter(partial(_check_address, policy), authorize, pool_maxsize=pool_size)
    session = http_session(pool_size, verify, adapter, follows_redirects=False)
    session.headers["User-Agent"] = USER_AGENT
    return session


def _check_address(policy: AddressPolicy | None, host: str, address: str) -> None:
    if is_metadata_address(address):
        raise ImageError(
            "refused",
            f"{host} has the address {address} of a cloud's metadata service; images from there are never "
            "fetched, whatever OCR_FETCH_ALLOW says",
        )
    if policy is not None and not policy.allows_address(address):
        raise ImageError(
            "refused",
            f"{host} has the address {address}, which is not public; to allow images from there, "
            "add the host or its network to OCR_FETCH_ALLOW",
        )


class _GuardedAdapter(HeaderDeadlineAdapter):
    def __init__(self, check_address: AddressCheck, authorize: Authorize, **options: Any) -> None:
        self._check_address = check_address
        self._authorize = authorize
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        # The pools of proxies check no address: the proxy resolves the host name, not this process.
        self.poolmanager.pool_classes_by_scheme = pool_classes(_connection_class(self._check_address))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Checks the URL and an address that is written in it, for requests through a proxy too."""
        url = parse_file_url(request.url or "")
        if url.text != urldefragauth(
            request.url or ""
        ):  # another URL than the one that was judged would be sent
            raise ImageError("refused", "the image's URL is not in normal form")
        address = _literal_address(url.host)
        if address is not None:
            self._check_address(url.host, address)
        if header := self._authorize(url):
            request.headers["Authorization"] = header
        return super().send(request, *args, **kwargs)


def _connection_class(check_address: AddressCheck) -> type[HeaderDeadlineConnection]:
    return type(
        "CheckedConnection", (AddressCheckedConnection,), {"check_address": staticmethod(check_address)}
    )


class AddressCheckedConnection(HeaderDeadlineConnection):
    """Mixin for urllib3 connections that refuses forbidden addresses."""

    check_address: AddressCheck
    host: str
    port: int
    _dns_host: str
    """What urllib3 connects to; `host` follows from it."""

    def _new_conn(self) -> socket.socket:
        # Checks all addresses of the name first: the error then does not reveal which of them has a listener.
        addresses = self._resolve()
        for address in addresses:
            self.check_address(self.host, address)
        connection = self._connect_to_first(addresses)
        try:
            self.check_address(self.host, connection.getpeername()[0])
        except ImageError:
            connection.close()
            raise
        return connection

    def _resolve(self) -> list[str]:
        seconds = self.timeout if isinstance(self.timeout, int | float) else None
        try:
            return addresses_of(self.host, self.port, seconds)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"{self.host} was not resolved in {seconds} s") from error
        except OSError as error:
            raise NewConnectionError(cast(Any, self), f"{self.host} was not resolved: {error}") from error

    def _connect_to_first(self, addresses: Sequence[str]) -> socket.socket:
        """Connects to the first address that accepts; the name is not resolved again."""
        name = self._dns_host
        error: HTTPError = LocationParseError(self.host)
        for self._dns_host in addresses:
            try:
                return cast(socket.socket, super()._new_conn())  # type: ignore[misc]  # of urllib3's class
            except (NewConnectionError, ConnectTimeoutError) as failure:
                error = failure
            finally:
                self._dns_host = name  # the certificate must be for the name
        raise error


def _literal_address(host: str) -> str | None:
    """The address that a host is in any spelling, such as 127.1 and 0x7f000001; None for a name."""
    with suppress(OSError):
        return socket.inet_ntoa(socket.inet_aton(host))
    with suppress(ValueError):
        return str(ipaddress.ip_address(host))
    return None
