"""Ranges of addresses, as those who limit guessing and costs must see them."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network


def household_of(address: str) -> str:
    """Whose address it is: with IPv6 each home has a /64 of its own, and as many addresses as it likes."""
    return _range_of(address, 32, 64)


def network_of(address: str) -> str:
    """The range it was given out with: 256 addresses, or a site of IPv6."""
    return _range_of(address, 24, 48)


def _range_of(address: str, v4: int, v6: int) -> str:
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if isinstance(read, IPv6Address):
        read = read.ipv4_mapped or read
    return str(ip_network((read, v4 if read.version == 4 else v6), strict=False))
