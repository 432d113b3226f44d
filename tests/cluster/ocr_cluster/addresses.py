"""The addresses of a cluster: a pure function of its slot, so that several clusters can run at once.

Slot n has 10.(200+n).0.0/16: a link to the machine, a range for Services and a range for pods.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from ocr_cluster.errors import ClusterError

_FIRST = 200
_SLOTS = 50


@dataclass(frozen=True)
class Addresses:
    """Every address and link name of the cluster in one slot (0..49)."""

    slot: int

    @property
    def block(self) -> IPv4Network:
        """The network that contains all others."""
        return IPv4Network(f"10.{_FIRST + self.slot}.0.0/16")

    @property
    def link(self) -> IPv4Network:
        """Network of the two ends of the veth pair."""
        return IPv4Network((self.block.network_address, 30))

    @property
    def machine(self) -> IPv4Address:
        """The machine's end of the link, as the cluster sees it."""
        return self.link[1]

    @property
    def node(self) -> IPv4Address:
        """The cluster's end: address of the API server and of the node."""
        return self.link[2]

    @property
    def services(self) -> IPv4Network:
        """Cluster IPs of Services."""
        return list(self.block.subnets(new_prefix=18))[1]

    @property
    def api_service(self) -> IPv4Address:
        """Cluster IP of the Service `kubernetes`."""
        return self.services[1]

    @property
    def pods(self) -> IPv4Network:
        """Addresses of pods."""
        return list(self.block.subnets(new_prefix=17))[1]

    @property
    def bridge(self) -> IPv4Address:
        """Gateway of the pods."""
        return self.pods[1]

    @property
    def machine_link(self) -> str:
        """Name of the machine's end; at most 15 characters, a limit of Linux."""
        return f"ocr{self.slot}machine"

    @property
    def node_link(self) -> str:
        """Name of the cluster's end inside its network namespace."""
        return "node0"


def free_slot(used_slots: Iterable[int], routed: Iterable[IPv4Network]) -> Addresses:
    """The lowest slot that no cluster uses and that overlaps no network that the machine routes.

    The default route (0.0.0.0/0) does not count. Raises `ClusterError` if no slot is free.
    """
    used = set(used_slots)
    networks = [network for network in routed if network.prefixlen > 0]
    for slot in range(_SLOTS):
        addresses = Addresses(slot)
        if slot not in used and not any(addresses.block.overlaps(network) for network in networks):
            return addresses
    raise ClusterError(
        f"all {_SLOTS} address blocks from 10.{_FIRST}.0.0/16 on are in use; list the clusters with `status` "
        "and remove one with `down`"
    )
