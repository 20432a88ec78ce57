"""Blocks of addresses: which may be banned, and whom an address counts with."""

import ipaddress

import pytest

from booking_rush.queue.join_checks.address_blocks import (
    block_digest,
    customer_block,
    digests_within,
    parse_address,
    parse_block,
)


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.0.2.7/32", "192.0.2.7/32"),
        ("2001:db8::/16", "2001::/16"),
        ("2001:db8::1/64", "2001:db8::/64"),
        ("2001:db8::1/128", "2001:db8::1/128"),
    ],
)
def test_a_block_is_a_cidr_without_its_last_bits(text: str, block: str) -> None:
    assert str(parse_block(text)) == block


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0/0", "10.0.0.0/7", "::/0", "2000::/15", "192.0.2.0", "nobody", "", "192.0.2.0/33",
     "::ffff:192.0.2.0/120"],
)  # fmt: skip
def test_what_is_too_wide_or_no_block_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"block|prefix|network|length"):
        parse_block(text)


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_address_counts_with_its_neighbours(address: str, block: str) -> None:
    assert customer_block(address) == block


def test_a_mapped_address_is_the_one_that_it_maps() -> None:
    assert parse_address("::ffff:192.0.2.1") == ipaddress.ip_address("192.0.2.1")
    assert parse_address("nobody") is None


@pytest.mark.parametrize(
    ("block", "address", "count"),
    [
        ("10.0.0.0/8", "10.200.3.4", 65_536),
        ("192.0.2.0/24", "192.0.2.200", 1),
        ("2001:db8::/48", "2001:db8:0:77::1", 65_536),
        ("192.0.2.8/29", "192.0.2.9", 0),
        ("2001::/16", "2001:db8::1", 0),
    ],
)
def test_the_digests_within_a_block_are_those_of_its_addresses(
    block: str, address: str, count: int
) -> None:
    found = digests_within(parse_block(block))

    assert len(found) == count
    assert (block_digest(address) in found) is bool(count)
