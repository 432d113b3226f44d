import pytest

from ocr_backend.addresses import Allowed, is_within


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert Allowed(()).has_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.96.0.1",
        "172.20.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "ff02::1",
    ],
)
def test_other_addresses_are_refused_unless_their_network_is_allowed(address: str) -> None:
    assert not Allowed(()).has_address(address)
    assert not Allowed(("192.0.2.0/24", "minio.local")).has_address(address)
    assert Allowed(("0.0.0.0/0", "::/0")).has_address(address)


def test_a_network_is_allowed_with_all_its_addresses_and_no_other() -> None:
    allowed = Allowed(("10.0.0.0/8", "192.168.7.7"))
    assert allowed.has_address("10.255.0.1")
    assert allowed.has_address("::ffff:10.0.0.1")
    assert allowed.has_address("192.168.7.7")
    assert not allowed.has_address("192.168.7.8")


def test_a_host_is_allowed_by_its_name() -> None:
    allowed = Allowed(("Minio.local",))
    assert allowed.has_host("minio.LOCAL")
    assert not allowed.has_host("local")
    assert not allowed.has_host("")


@pytest.mark.parametrize(
    ("url", "base", "is_in"),
    [
        ("http://ls:8080/data/a.png", "http://ls:8080", True),
        ("http://LS:8080/data/a.png", "http://ls:8080/", True),
        ("https://ls/a", "https://ls:443", True),
        ("http://ls:80/a", "http://ls", True),
        ("http://ls/studio/a", "http://ls/studio/", True),
        ("http://ls/studio", "http://ls/studio", True),
        ("http://ls/studios/a", "http://ls/studio", False),
        ("http://ls/studio/../a", "http://ls/studio", False),
        ("http://ls/a", "http://ls/studio", False),
        ("https://ls:8080/a", "http://ls:8080", False),
        ("http://ls:8081/a", "http://ls:8080", False),
        ("http://ls.evil/a", "http://ls", False),
        ("http://ls@evil/a", "http://ls", False),
        ("http://evil/http://ls/a", "http://ls", False),
        ("http://ls/a", "", False),
        ("http://ls:port/a", "http://ls", False),
        ("http://[::1/a", "http://ls", False),
    ],
)
def test_what_belongs_to_label_studio_is_told_by_scheme_host_port_and_path(
    url: str, base: str, is_in: bool
) -> None:
    assert is_within(url, base) is is_in
