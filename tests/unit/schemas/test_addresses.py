from __future__ import annotations

from ipaddress import ip_address

import pytest

from schemas.addresses import AddressRule


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("10.0.0.7", None),
        ("192.168.1.64", None),
        ("93.184.216.34", None),
        ("fd00::7", None),
        ("2606:2800:220:1::7", None),
        ("127.0.0.1", "loopback"),
        ("127.9.9.9", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("169.254.169.254", "a cloud's metadata service"),
        ("fd00:ec2::254", "a cloud's metadata service"),
        ("fd00:ec2::23", "a cloud's metadata service"),
        ("fd00:ec2:ffff::1", "a cloud's metadata service"),
        ("fd00:ec3::1", None),
        ("fd00:ec2::254%1", "a cloud's metadata service"),
        ("::1%1", "loopback"),
        ("::ffff:127.0.0.1%1", "loopback"),
        ("100.100.100.200", "a cloud's metadata service"),
        ("169.254.7.7", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::ffff:169.254.169.254", "a cloud's metadata service"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.0.0.7", None),
        ("2002:a9fe:a9fe::1", "a cloud's metadata service"),
        ("64:ff9b::a9fe:a9fe", "a cloud's metadata service"),
        ("64:ff9b::7f00:1", "loopback"),
    ],
)
def test_what_unicast_is(address: str, refused: str | None) -> None:
    assert AddressRule.parse("unicast").refusal(ip_address(address)) == refused


@pytest.mark.parametrize(
    ("rule", "address", "refused"),
    [
        ("unicast,loopback", "127.0.0.1", None),
        ("unicast,loopback", "::1", None),
        ("unicast,loopback", "169.254.7.7", "link-local"),
        ("loopback", "10.0.0.7", "not in the networks allowed"),
        ("10.20.0.0/16", "10.20.3.4", None),
        ("10.20.0.0/16", "::ffff:10.20.3.4", None),
        ("10.20.0.0/16", "10.21.3.4", "not in the networks allowed"),
        ("10.20.0.0/16", "127.0.0.1", "loopback"),
        ("unicast, 169.254.7.0/24", "169.254.7.7", None),
        ("unicast,169.254.7.0/24", "169.254.169.254", "a cloud's metadata service"),
        ("fe80::/10", "fe80::1", None),
        ("0.0.0.0/0", "224.0.0.1", "multicast"),
    ],
)
def test_what_else_may_be_allowed(rule: str, address: str, refused: str | None) -> None:
    assert AddressRule.parse(rule).refusal(ip_address(address)) == refused


@pytest.mark.parametrize("text", ["", " , ", "private", "10.0.0.7/8", "10.0.0.0/33", "door.example"])
def test_a_rule_that_cannot_be_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="expected unicast, loopback or networks"):
        AddressRule.parse(text)
