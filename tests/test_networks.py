"""Ranges of addresses: who has many of his own is counted as one."""

from __future__ import annotations

import pytest

from ibolit.networks import household_of, network_of


@pytest.mark.parametrize(
    ("address", "household", "network"),
    [
        ("203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("unknown", "unknown", "unknown"),
    ],
)
def test_range(address: str, household: str, network: str) -> None:
    assert (household_of(address), network_of(address)) == (household, network)
