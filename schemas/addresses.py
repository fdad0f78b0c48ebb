"""Which network addresses camera sources may be at. Pure: names are resolved elsewhere, addresses are judged here."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final, Self, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

UNICAST: Final = "unicast"
LOOPBACK: Final = "loopback"

_METADATA: Final = tuple(
    ip_network(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, OpenStack, Oracle
        "169.254.170.2",  # AWS: a container's credentials
        "fd00:ec2::/32",  # AWS over IPv6: instances, containers, time, names
        "fd20:ce::254",  # Google over IPv6
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure's host
        "192.0.0.192",  # Oracle's older address
    )
)
_NAT64: Final = ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressRule:
    """The addresses that are allowed: `unicast`, `loopback` and networks, in any combination.

    `unicast` is every address of one machine but loopback, link-local, clouds' metadata services and reserved ranges.
    A network that is given by its numbers allows what is in it, whatever it is. Multicast never is.
    """

    unicast: bool = True
    loopback: bool = False
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The rule that `text` states: words and networks with commas between them, as `unicast,loopback`.

        Raises:
            ValueError: A part is neither a word nor a network; the text says which, and what is expected.
        """
        parts = [part.strip() for part in text.split(",") if part.strip()]
        networks = []
        for part in parts:
            if part in (UNICAST, LOOPBACK):
                continue
            try:
                networks.append(ip_network(part))
            except ValueError as error:
                raise ValueError(
                    f"{error}; expected unicast, loopback or networks as 10.0.0.0/8, with commas between them"
                ) from None
        if not parts:
            raise ValueError("it is empty; expected unicast, loopback or networks, with commas between them")
        return cls(UNICAST in parts, LOOPBACK in parts, tuple(networks))

    def refusal(self, address: Address) -> str | None:
        """Why `address` may not be connected to; None where it may."""
        address = _plain(address)
        if address.is_multicast:
            return "multicast"
        if any(address.version == network.version and address in network for network in self.networks):
            return None
        if kind := _special(address):
            return None if kind == LOOPBACK and self.loopback else kind
        return None if self.unicast else "not in the networks allowed"


def _plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that leads to it, else the address itself, without the zone that it is in."""
    if isinstance(address, IPv4Address):
        return address
    address = IPv6Address(int(address))  # with its zone it would be equal to none that is named here
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _special(address: Address) -> str | None:
    """The name of the special range that `address` is in."""
    if address.is_unspecified or address in ip_network("0.0.0.0/8"):
        return "unspecified"
    if address.is_loopback:
        return LOOPBACK
    if any(address in network for network in _METADATA):
        return "a cloud's metadata service"
    if address.is_link_local:
        return "link-local"
    return "reserved" if address.is_reserved else None
