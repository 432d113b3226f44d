"""Which addresses images may come from: public ones, Label Studio's, and those that the settings allow.

Task data is written by many people, and the backend stands inside a cluster: without this a task could make
it ask the cloud's metadata service or a neighbour. `connections` asks for each connection, `settings_rules`
checks what is allowed. Standard library only.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST_NAME = re.compile(r"\w([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?")

# Where machines ask their cloud who they are, and get keys to it. From the providers' own manuals and SDKs.
_METADATA: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.169.0/24",  # AWS, Azure, Google (.252 in GKE), Oracle, OpenStack and most others
        "169.254.170.0/24",  # AWS: ECS task roles (.2), EKS Pod Identity (.23)
        "169.254.0.23/32",  # Tencent
        "169.254.42.42/32",  # Scaleway
        "168.63.129.16/32",  # Azure's WireServer, on a public address
        "100.100.100.200/32",  # Alibaba
        "192.0.0.192/32",  # Oracle Cloud Classic
        "fd00:ec2::/32",  # AWS: instances (::254), EKS Pod Identity (::23)
        "fd20:ce::254/128",  # Google
        "fd00:c1::a9fe:a9fe/128",  # Oracle
        "fd00:42::42/128",  # Scaleway
        "fd00:100::100:200/128",  # Alibaba
        "fd00:a9fe:a9fe::1/128",  # Akamai (Linode)
        "fe80::a9fe:a9fe/128",  # OpenStack
    )
)
# Their last 32 bits are an address of IPv4: NAT64 (RFC 6052, 8215), and the old "compatible" form (RFC 4291).
_CARRIERS = tuple(ipaddress.IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))


class AddressPolicy:
    """The hosts and networks (CIDR) that may be asked although they are not public.

    Metadata services of clouds are never among them, whatever the networks hold.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        for name in names:
            try:
                self._networks.append(ipaddress.ip_network(name, strict=False))
            except ValueError:
                self._hosts.add(_plain(name))

    def has_host(self, host: str) -> bool:
        """Whether the host is allowed by name, whatever its address (but for a metadata service's)."""
        return _plain(host) in self._hosts

    def has_address(self, text: str) -> bool:
        """Whether a connection to this address may be used."""
        return not is_metadata(text) and all(
            _is_public(face) or any(face in network for network in self._networks) for face in _faces(text)
        )


def is_metadata(text: str) -> bool:
    """Whether an address is that of a cloud's metadata service, also where an IPv6 one only carries it."""
    return any(face in network for face in _faces(text) for network in _METADATA)


def entry_problem(name: str) -> str | None:
    """What is wrong with a text that shall allow a host or a network, as the end of a sentence; or None."""
    try:
        network = ipaddress.ip_network(name, strict=False)
    except ValueError:
        if _HOST_NAME.fullmatch(name) and not re.fullmatch(r"[\d.]+", name):
            return None
        return f"{name!r} is neither a host's name, without scheme or port, nor a network such as 10.0.0.0/8"
    is_metadata_only = network.num_addresses == 1 and is_metadata(str(network.network_address))
    return f"{name!r} is a cloud's metadata service, which is never asked" if is_metadata_only else None


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


def _plain(host: str) -> str:
    return host.lower().removesuffix(".")


def _faces(text: str) -> Iterator[Address]:
    """The address, and those of IPv4 that reach the same place: what an IPv6 one carries in itself."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:  # the operating system's own form of an IPv4 connection
        yield address.ipv4_mapped
        return
    yield address
    yield from address.teredo or ()
    if address.sixtofour is not None:
        yield address.sixtofour
    if any(address in network for network in _CARRIERS) and int(address) > 1:  # :: and ::1 carry nothing
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast
