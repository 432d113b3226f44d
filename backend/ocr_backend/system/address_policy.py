"""Addresses that images may come from: public ones and those in OCR_FETCH_ALLOW.

Many people write task data, and the backend runs inside a cluster. Without this policy a task could make it
send requests to the cloud's metadata service or to a neighbouring Service. Standard library only.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST_NAME = re.compile(r"\w([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?")

# These services hand out a machine's cloud credentials. Source: the providers' manuals and SDKs.
_METADATA_NETWORKS: tuple[Network, ...] = tuple(
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
# The last 32 bits of these addresses are an IPv4 address (RFC 6052, 8215; "compatible" addresses: RFC 4291).
_NAT64_PREFIXES = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_IPV4_PREFIXES = (*_NAT64_PREFIXES, ipaddress.IPv6Network("::/96"))


class AddressPolicy:
    """Allows public addresses and, in addition, the hosts and networks (CIDR) of `allowed`.

    Never allows a cloud's metadata service, even if one of the networks contains it.
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        for entry in allowed:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self._hosts.add(_normalize_host(entry))

    def allows_host(self, host: str) -> bool:
        """Whether the host is allowed by name. Its address may be any but a metadata service's."""
        return _normalize_host(host) in self._hosts

    def allows_address(self, text: str) -> bool:
        """Whether connections to this address are allowed."""
        return not is_metadata_address(text) and all(
            _is_public(address) or any(address in network for network in self._networks)
            for address in _embedded_addresses(text)
        )


def is_metadata_address(text: str) -> bool:
    """Whether the address, or an IPv4 address inside an IPv6 one, is a cloud's metadata service."""
    return any(address in network for address in _embedded_addresses(text) for network in _METADATA_NETWORKS)


def entry_problem(entry: str) -> str | None:
    """Why an entry of OCR_FETCH_ALLOW is not valid; None if it is."""
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        if _HOST_NAME.fullmatch(entry) and not re.fullmatch(r"[\d.]+", entry):
            return None
        return (
            f"{entry!r} is neither a host name nor a network; use a name without scheme and port, "
            "or a network such as 10.0.0.0/8"
        )
    is_only_metadata = network.num_addresses == 1 and is_metadata_address(str(network.network_address))
    return (
        f"{entry!r} is a cloud's metadata service and is never allowed; remove it"
        if is_only_metadata
        else None
    )


def _normalize_host(host: str) -> str:
    """In lower case, in ASCII as names are sent, and without the dot of the root."""
    name = host.lower().removesuffix(".")
    with suppress(UnicodeError):
        return name.encode("idna").decode()
    return name


def _embedded_addresses(text: str) -> Iterator[Address]:
    """The address and the IPv4 addresses inside it, since connections may reach those."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:  # the operating system shows an IPv4 connection like this
        yield address.ipv4_mapped
        return
    yield address
    yield from address.teredo or ()
    if address.sixtofour is not None:
        yield address.sixtofour
    # :: and ::1 are IPv6 addresses of their own (RFC 4291).
    if any(address in network for network in _IPV4_PREFIXES) and int(address) > 1:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast
