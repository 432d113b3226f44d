from ipaddress import IPv4Network

import pytest

from ocr_cluster.addresses import Addresses, free_slot
from ocr_cluster.errors import ClusterError


def test_a_slot_has_addresses_in_its_own_block():
    addresses = Addresses(3)
    assert str(addresses.block) == "10.203.0.0/16"
    assert (str(addresses.machine), str(addresses.node)) == ("10.203.0.1", "10.203.0.2")
    assert str(addresses.services) == "10.203.64.0/18"
    assert str(addresses.api_service) == "10.203.64.1"
    assert str(addresses.pods) == "10.203.128.0/17"


def test_link_services_and_pods_of_a_slot_do_not_overlap():
    addresses = Addresses(0)
    assert not addresses.link.overlaps(addresses.services)
    assert not addresses.services.overlaps(addresses.pods)


def test_link_names_are_short_enough_for_linux_in_every_slot():
    assert all(len(Addresses(slot).machine_link) <= 15 for slot in range(50))


@pytest.mark.parametrize(
    ("used_slots", "routed", "slot"),
    [
        pytest.param([], [], 0, id="the first if none is used"),
        pytest.param([0, 1, 3], [], 2, id="a gap"),
        pytest.param([], ["10.200.7.0/24"], 1, id="not one that the machine routes in part"),
        pytest.param([], ["10.200.0.0/15"], 2, id="not one inside a routed network"),
        pytest.param([], ["0.0.0.0/0"], 0, id="the default route does not count"),
        pytest.param([0], ["10.201.0.2/32"], 2, id="neither used nor routed"),
    ],
)
def test_the_lowest_free_slot_is_chosen(used_slots, routed, slot):
    assert free_slot(used_slots, [IPv4Network(each) for each in routed]).slot == slot


def test_without_a_free_slot_the_error_says_what_to_do():
    with pytest.raises(ClusterError, match="list the clusters with `status` and remove one with `down`"):
        free_slot(range(50), [])
