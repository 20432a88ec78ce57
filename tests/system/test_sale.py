"""A sale to many buyers by real processes: nothing is sold twice or lost, every store agrees."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any, Self

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import ReportSockets
from booking_rush.postgres import Pool
from tests.support.clients import until
from tests.support.crowds.buyers import Buyer, BuyerProfile, HoldRequest, run_all
from tests.support.crowds.sale_event import any_of_a_thousand, running_sale, seated, standing
from tests.support.store_agreement import disagreements, is_quiet, seat_marks


class Auditor:
    """A reader of an event's counts in Redis, whose sum must always be the capacity."""

    def __init__(self, program: Program, stamp: str, capacity: int) -> None:
        self._program = program
        self._stamp = stamp
        self._capacity = capacity
        self.reads = 0

    @classmethod
    async def of(cls, redis: Redis, capacity: int) -> Self:
        """Make an auditor; before a crowd fills this loop, or its calls time out."""
        program = Program(redis)
        [(run_id, stamp)] = await program.epochs(["demo"])
        assert stamp.endswith(run_id)
        return cls(program, stamp, capacity)

    async def watch(self) -> None:
        while True:
            try:
                found = await self._program.ask("demo", self._stamp, ReportSockets("auditor", 0))
            except RedisError:  # two thousand sockets share this loop: the answer may be late
                continue
            places = found.free + found.held + found.paying + found.sold
            assert places == self._capacity, found
            self.reads += 1
            await asyncio.sleep(0.005)


def any_of_fifty(rng: random.Random) -> HoldRequest:
    """Choose one place: named, best available or standing."""
    match rng.randrange(3):
        case 0:
            return {"seats": [f"stalls.R{rng.randrange(3)}-{rng.randint(1, 10)}"]}
        case 1:
            return {"section": "stalls", "quantity": 1}
        case _:
            return {"section": "floor", "quantity": 1}


async def test_three_hundred_race_for_fifty_places(
    redis: Redis, redis_url: str, postgres_url: str, pool: Pool, folder: Path
) -> None:
    sections = [seated(3, 10), standing(20)]
    rules = {"rate_per_second": 1000, "active_max": 1000, "claim_seconds": 60}
    event: dict[str, Any] = {"sections": sections, "rules": rules}
    async with running_sale(redis_url, postgres_url, pool, folder, **event) as sale:
        profile = BuyerProfile(any_of_fifty, tries=40)
        buyers = [Buyer(number, sale.base, profile) for number in range(300)]
        auditor = await Auditor.of(redis, 50)
        await run_all(buyers, auditor.watch)
        await until(lambda: is_quiet(pool), within_s=30)

        assert auditor.reads > 10
        assert await disagreements(pool, redis) == []
        seats = Counter(
            seat["id"] for b in buyers for one in b.confirmed() for seat in one["seats"]
        )
        floor = sum(one["quantity"] for b in buyers for one in b.confirmed() if "section" in one)
        assert (len(seats), max(seats.values()), floor) == (30, 1, 20)
        assert set((await seat_marks(redis, pool, "demo")).values()) == {"s"}
        refusals = Counter(code for buyer in buyers for code in buyer.refusals)
        assert set(refusals) <= {"seats_taken", "sold_out"}
        assert all(len(buyer.confirmed()) <= 1 for buyer in buyers)


@pytest.mark.parametrize("visitors", [2000])
async def test_two_thousand_on_a_thousand_places_with_every_change_of_mind(
    visitors: int, redis: Redis, redis_url: str, postgres_url: str, pool: Pool, folder: Path
) -> None:
    rules = {
        "rate_per_second": 500,
        "active_max": 250,
        "claim_seconds": 60,
        "hold_seconds": 4,
        "payment_seconds": 5,
    }
    event: dict[str, Any] = {"sections": [seated(32, 25), standing(200)], "rules": rules}
    async with running_sale(redis_url, postgres_url, pool, folder, **event) as sale:
        profile = BuyerProfile(
            any_of_a_thousand,
            tries=4,
            releases=0.1,
            abandons=0.03,
            cancels=0.15,
            methods=("ok",) * 16 + ("declined",) * 3 + ("late",),
        )
        buyers = [Buyer(number, sale.base, profile) for number in range(visitors)]
        auditor = await Auditor.of(redis, 1000)
        await run_all(buyers, auditor.watch)
        await until(lambda: is_quiet(pool), within_s=60)

        assert await disagreements(pool, redis) == []
        rows = await pool.fetch("SELECT state, count(*) AS n FROM bookings GROUP BY state")
        states = {row["state"]: row["n"] for row in rows}
        assert {"confirmed", "refunded", "released", "expired"} <= set(states)
        kept = {b["id"] for buyer in buyers for b in buyer.confirmed()}
        rows = await pool.fetch("SELECT id FROM bookings WHERE state = 'confirmed'")
        late = {b["id"] for one in buyers for b in one.bookings.values() if b["state"] == "expired"}
        assert kept <= {str(row["id"]) for row in rows} <= kept | late
