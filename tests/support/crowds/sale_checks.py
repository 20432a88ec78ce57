"""Checks of a sale that something was broken in: nothing that a buyer was sent may be lost."""

from contextlib import suppress
from typing import Any

from redis.asyncio import Redis

from booking_rush.postgres import UNAVAILABLE, Pool
from tests.support.clients import until
from tests.support.crowds.buyers import Buyer, BuyerProfile
from tests.support.crowds.checker import assert_promises_kept
from tests.support.crowds.evidence import evidence_of
from tests.support.crowds.sale_event import any_of_a_thousand, seated, standing

RULES = {
    "rate_per_second": 300,
    "active_max": 100,
    "claim_seconds": 60,
    "hold_seconds": 5,
    "payment_seconds": 8,
}
EVENT: dict[str, Any] = {"sections": [seated(32, 25), standing(200)], "rules": RULES}
PROFILE = BuyerProfile(
    any_of_a_thousand,
    tries=12,
    releases=0.05,
    abandons=0.05,
    cancels=0.1,
    methods=("ok",) * 15 + ("declined", "slow", "lost"),
)


async def assert_nothing_is_lost(buyers: list[Buyer], pool: Pool, redis: Redis) -> None:
    """Check every promise of a sale, and that each buyer was sent what PostgreSQL has."""
    assert_promises_kept(await evidence_of(buyers, pool, redis))
    rows = await pool.fetch("SELECT id, state FROM bookings")
    states = {str(row["id"]): row["state"] for row in rows}
    for buyer in buyers:
        for id_, sent in buyer.bookings.items():
            assert id_ in states, f"{sent['state']} was sent, and is gone"
        for booking in buyer.confirmed():
            assert states[booking["id"]] == "confirmed"
    assert sum(len(buyer.confirmed()) for buyer in buyers) > len(buyers) / 4


async def wait_until_sold(pool: Pool, least: int) -> None:
    """Wait until so many bookings are confirmed, also while PostgreSQL is away."""

    async def enough() -> bool:
        with suppress(*UNAVAILABLE):
            sold = await pool.fetchval("SELECT count(*) FROM bookings WHERE state = 'confirmed'")
            return int(sold) >= least
        return False

    await until(enough, within_s=60)
