import pytest

from ocr_backend.system.address_policy import AddressPolicy, entry_problem, is_metadata_address

EVERYTHING = AddressPolicy(("0.0.0.0/0", "::/0"))


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("93.184.216.34", id="IPv4"),
        pytest.param("2606:2800:220:1::1", id="IPv6"),
        pytest.param("::ffff:93.184.216.34", id="mapped"),
        pytest.param("64:ff9b::93.184.216.34", id="NAT64"),
    ],
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert AddressPolicy(()).allows_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.96.0.1",
        "172.20.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.1.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd12:3456::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "2002:a00:1::1",  # 6to4 of 10.0.0.1
        "2001:0:a00:1::1",  # Teredo server 10.0.0.1
        "ff02::1",
    ],
)
def test_other_addresses_are_refused_unless_their_network_is_allowed(address: str) -> None:
    assert not AddressPolicy(()).allows_address(address)
    assert not AddressPolicy(("192.0.2.0/24", "minio.local")).allows_address(address)
    assert EVERYTHING.allows_address(address)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("169.254.169.254", id="most clouds"),
        pytest.param("169.254.169.252", id="Google in GKE"),
        pytest.param("169.254.170.2", id="AWS ECS"),
        pytest.param("169.254.170.23", id="AWS EKS"),
        pytest.param("168.63.129.16", id="Azure"),
        pytest.param("100.100.100.200", id="Alibaba"),
        pytest.param("169.254.0.23", id="Tencent"),
        pytest.param("169.254.42.42", id="Scaleway"),
        pytest.param("192.0.0.192", id="Oracle"),
        pytest.param("fd00:42::42", id="Scaleway, IPv6"),
        pytest.param("fd00:100::100:200", id="Alibaba, IPv6"),
        pytest.param("fd00:a9fe:a9fe::1", id="Linode, IPv6"),
        pytest.param("fd00:ec2::254", id="AWS, IPv6"),
        pytest.param("fd00:ec2::23", id="AWS EKS, IPv6"),
        pytest.param("fd20:ce::254", id="Google, IPv6"),
        pytest.param("fd00:c1::a9fe:a9fe", id="Oracle, IPv6"),
        pytest.param("fe80::a9fe:a9fe%eth0", id="OpenStack, IPv6"),
        pytest.param("::ffff:169.254.169.254", id="mapped"),
        pytest.param("::ffff:a9fe:aa02", id="mapped, written in hexadecimal"),
        pytest.param("::169.254.169.254", id="compatible"),
        pytest.param("64:ff9b::168.63.129.16", id="NAT64"),
        pytest.param("64:ff9b:1::169.254.169.254", id="local NAT64"),
        pytest.param("2002:a9fe:a9fe::1", id="6to4"),
        pytest.param("2001:0:a9fe:a9fe::1", id="Teredo server"),
        pytest.param("2001::5601:5601", id="Teredo client"),  # its bits are inverted
    ],
)
def test_metadata_services_are_never_allowed(address: str) -> None:
    assert is_metadata_address(address)
    assert not EVERYTHING.allows_address(address)
    assert not AddressPolicy(("169.254.0.0/16", "fd00::/8", address.partition("%")[0])).allows_address(
        address
    )


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "::", "fe80::1", "8.8.8.8"])
def test_other_addresses_are_not_metadata_services(address: str) -> None:
    assert not is_metadata_address(address)


@pytest.mark.parametrize(
    "entry",
    [
        "10.0.0.0/8",
        "10.1.2.3/8",
        "192.168.7.7",
        "fd00::/8",
        "::1",
        "minio",
        "minio.storage.svc.cluster.local.",
        "images_1",
        "bücher.example",
        "169.254.0.0/16",
    ],
)
def test_hosts_and_networks_are_valid_entries(entry: str) -> None:
    assert entry_problem(entry) is None


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        pytest.param("10.0.0.0/33", "neither a host name nor a network", id="prefix too long"),
        pytest.param("10.0.0.256", "neither a host name nor a network", id="not an address"),
        pytest.param("http://minio", "without scheme and port", id="URL"),
        pytest.param("minio:9000", "without scheme and port", id="port"),
        pytest.param("*.internal", "neither a host name nor a network", id="star"),
        pytest.param("a..b", "neither a host name nor a network", id="dots"),
        pytest.param("169.254.169.254", "is a cloud's metadata service and is never allowed", id="metadata"),
        pytest.param("fd00:ec2::254/128", "is a cloud's metadata service", id="metadata as network"),
    ],
)
def test_an_invalid_entry_is_explained(entry: str, reason: str) -> None:
    problem = entry_problem(entry)
    assert problem is not None
    assert problem.startswith(repr(entry))
    assert reason in problem


def test_an_allowed_network_allows_its_addresses_and_no_other() -> None:
    policy = AddressPolicy(("10.0.0.0/8", "192.168.7.7"))
    assert policy.allows_address("10.255.0.1")
    assert policy.allows_address("::ffff:10.0.0.1")
    assert policy.allows_address("192.168.7.7")
    assert not policy.allows_address("192.168.7.8")


def test_a_host_is_allowed_by_its_name() -> None:
    policy = AddressPolicy(("Minio.local",))
    assert policy.allows_host("minio.LOCAL")
    assert policy.allows_host("minio.local.")
    assert AddressPolicy(("bücher.example",)).allows_host("xn--bcher-kva.example")
    assert not policy.allows_host("local")
    assert not policy.allows_host("")
