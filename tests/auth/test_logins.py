"""Logins under attack: tries are counted before they are hashed, and nobody locks another out."""

import asyncio
from collections import Counter

import httpx
import pytest
from argon2 import extract_parameters

from booking_rush.booking import audit
from booking_rush.postgres import Pool
from booking_rush.server.auth.login_limits import (
    ADDRESS_TRIES_MAX,
    TRIES_MAX,
    LoginLimits,
    Origin,
    network_of,
)
from booking_rush.server.auth.passwords import DECOY_HASH, HASHING_MAX, WAITING_MAX, Passwords
from tests.support.clients import PASSWORD, code_of
from tests.support.world import World

LOGIN = "/api/v1/admin/login"


async def log_in(
    client: httpx.AsyncClient, address: str, name: str = "admin", password: str = "guess"
) -> httpx.Response:
    return await client.post(
        LOGIN,
        json={"username": name, "password": password},
        headers={"X-Forwarded-For": address},
    )


async def test_of_300_parallel_guesses_no_more_are_tried_than_may_be(behind_proxy: World) -> None:
    client = await behind_proxy.clients.http()

    answers = await asyncio.gather(*(log_in(client, "192.0.2.1") for _ in range(300)))

    counts = Counter(answer.status_code for answer in answers)
    assert counts == {401: TRIES_MAX, 429: 300 - TRIES_MAX}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert code_of(refused) == "too_many_requests"
    assert int(refused.headers["retry-after"]) >= 1


async def test_nobody_locks_an_operator_out_from_elsewhere(behind_proxy: World) -> None:
    client = await behind_proxy.clients.http()
    for attacker in range(3):
        guesses = (log_in(client, f"192.0.2.{attacker}") for _ in range(TRIES_MAX + 1))
        assert 429 in [answer.status_code for answer in await asyncio.gather(*guesses)]

    there = await log_in(client, "192.0.2.1", password=PASSWORD)
    elsewhere = await log_in(client, "198.51.100.7", password=PASSWORD)

    assert there.status_code == 429
    assert elsewhere.status_code == 200


async def test_a_known_browser_is_not_locked_out_from_its_own_address(behind_proxy: World) -> None:
    known = await behind_proxy.clients.http()
    assert (await log_in(known, "192.0.2.1", password=PASSWORD)).status_code == 200
    stranger = await behind_proxy.clients.http()
    for _ in range(TRIES_MAX + 1):
        await log_in(stranger, "192.0.2.1")
    assert (await log_in(stranger, "192.0.2.1", password=PASSWORD)).status_code == 429

    assert (await log_in(known, "192.0.2.1", password=PASSWORD)).status_code == 200

    for _ in range(TRIES_MAX):
        await log_in(known, "192.0.2.1")
    assert (await log_in(known, "192.0.2.1", password=PASSWORD)).status_code == 429
    stranger.cookies.set("rush_device", "made up")
    assert (await log_in(stranger, "192.0.2.1", password=PASSWORD)).status_code == 429


async def test_an_address_that_tries_many_names_is_refused(behind_proxy: World) -> None:
    client = await behind_proxy.clients.http()

    answers = [
        (await log_in(client, "192.0.2.1", f"name {number}")).status_code
        for number in range(ADDRESS_TRIES_MAX + 2)
    ]

    assert answers == [401] * ADDRESS_TRIES_MAX + [429] * 2
    assert (await log_in(client, "192.0.2.2", "name 1")).status_code == 401


async def test_a_login_that_succeeds_takes_nothing(behind_proxy: World) -> None:
    client = await behind_proxy.clients.http()

    for _ in range(ADDRESS_TRIES_MAX + 1):
        client.cookies.clear()
        assert (await log_in(client, "192.0.2.1", password=PASSWORD)).status_code == 200


async def test_only_so_many_wait_for_a_hash(behind_proxy: World) -> None:
    """Guesses from as many addresses: none waits behind more than WAITING_MAX others."""
    client = await behind_proxy.clients.http()
    flood = 3 * WAITING_MAX

    answers = await asyncio.gather(*(log_in(client, f"192.0.2.{n}") for n in range(flood)))

    counts = Counter(answer.status_code for answer in answers)
    assert set(counts) <= {401, 429}
    assert counts[401] >= HASHING_MAX + WAITING_MAX
    for answer in answers:
        assert answer.status_code == 401 or answer.headers["retry-after"] == "1"
    assert (await log_in(client, "192.0.2.250", password=PASSWORD)).status_code == 200


async def test_an_unknown_name_costs_as_much_as_a_known_one() -> None:
    known = await Passwords().hash("of somebody")

    assert extract_parameters(DECOY_HASH) == extract_parameters(known)
    assert not await Passwords().verify(None, "guess", is_known=False)


async def test_failures_and_locks_are_in_the_journal_once_a_minute(behind_proxy: World) -> None:
    client = await behind_proxy.clients.http()
    for _ in range(TRIES_MAX + 5):
        await log_in(client, "192.0.2.1")
    await log_in(client, "192.0.2.2", "correct horse, typed too early")

    found = await audit.entries(behind_proxy.services.pool, limit=100, before=None)

    assert [(entry["who"], entry["what"], entry["detail"]) for entry in reversed(found)] == [
        ("admin", "login_failed", {"address": "192.0.2.1"}),
        ("admin", "login_locked", {"address": "192.0.2.1"}),
        ("unknown", "login_failed", {"address": "192.0.2.2"}),
    ]


async def test_tries_are_full_again_after_a_minute_and_are_forgotten(pool: Pool) -> None:
    limits, origin = LoginLimits(pool), Origin("192.0.2.1")
    for left in reversed(range(TRIES_MAX)):
        assert (await limits.take("admin", origin, is_known=False)).left == left
    assert not (await limits.take("admin", origin, is_known=False)).buckets

    await pool.execute("UPDATE login_tries SET since = since - interval '61 s'")
    assert (await limits.take("admin", origin, is_known=False)).left == TRIES_MAX - 1

    await pool.execute("UPDATE login_tries SET since = since - interval '11 min'")
    await limits.forget()
    assert await pool.fetchval("SELECT count(*) FROM login_tries") == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("2001:0DB8:0:1::1", "2001:db8:0:1::/64"),
        ("unknown", "unknown"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_ipv6_customer_has_one_address(address: str, network: str) -> None:
    assert network_of(address) == network
