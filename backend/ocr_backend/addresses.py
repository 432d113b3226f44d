"""Which addresses pictures may come from: public ones, Label Studio's, and those that the settings allow.

Task data is written by many people, and the backend stands inside a cluster: without this a task could make
it ask the cloud's metadata service or a neighbour. Called by `fetching`.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Allowed:
    """The hosts and networks (CIDR) that may be asked although they are not public."""

    def __init__(self, names: Sequence[str]) -> None:
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        for name in names:
            try:
                self._networks.append(ipaddress.ip_network(name, strict=False))
            except ValueError:
                self._hosts.add(name.lower())

    def has_host(self, host: str) -> bool:
        """Whether the host is allowed by name, whatever its address."""
        return host.lower() in self._hosts

    def has_address(self, text: str) -> bool:
        """Whether a connection to this address may be used."""
        address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
        return _is_public(address) or any(address in network for network in self._networks)


def is_within(url: str, base: str) -> bool:
    """Whether a URL has the scheme, host and port of `base` and lies below its path.

    >>> is_within("https://ls.example/ls/data/upload/1.png", "https://ls.example:443/ls")
    True
    >>> is_within("https://ls.example/other/1.png", "https://ls.example/ls")
    False
    """
    if not base:
        return False
    try:
        parts, root = urlsplit(url), urlsplit(base)
        same = _origin(parts) == _origin(root)
    except ValueError:
        return False
    is_below = (parts.path + "/").startswith(root.path.rstrip("/") + "/")
    return same and is_below and ".." not in parts.path.split("/")


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one only carries."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast
