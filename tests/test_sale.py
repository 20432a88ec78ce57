"""Many buyers at real processes: nothing is sold twice, nothing is lost, every store agrees."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import ReportSockets
from booking_rush.postgres import Pool
from booking_rush.server.runtime.ports import free_port
from booking_rush.server.runtime.settings import Settings
from tests.agreement import disagreements, is_quiet, marks
from tests.buyers import Buyer, Character, Wish, all_live
from tests.clients import until
from tests.processes import Process, running
from tests.world import new_event, settings_for

DUTIES = {
    "record": "work record",
    "tend": "work tend",
    "conduct": "work conduct",
    "bank": "work bank",
    "serve_1": "serve --shared",
    "serve_2": "serve --shared",
}


def seated(rows: int, seats: int) -> dict[str, object]:
    return {
        "id": "stalls",
        "show": "evening",
        "name": "Stalls",
        "kind": "seated",
        "rows": [{"name": f"R{n}", "seats": seats} for n in range(rows)],
        "price": {"amount": 6500, "currency": "EUR"},
    }


def standing(capacity: int) -> dict[str, object]:
    return {
        "id": "floor",
        "show": "evening",
        "name": "Floor",
        "kind": "standing",
        "capacity": capacity,
        "price": {"amount": 4500, "currency": "EUR"},
    }


@dataclass(frozen=True, slots=True)
class Running:
    """Where a sale goes on, and its processes."""

    base: str
    processes: dict[str, Process]
    settings: Settings


@asynccontextmanager
async def sale(
    redis_url: str,
    postgres_url: str,
    pool: Pool,
    folder: Path,
    *,
    duties: Mapping[str, str] = DUTIES,
    settings: Mapping[str, Any] | None = None,
    **event: Any,
) -> AsyncGenerator[Running]:
    """An event on sale at two servers with every duty."""
    catalogue = Catalogue(pool)
    await catalogue.create(new_event(**event), who="tests")
    await catalogue.act("demo", "open", who="tests")
    bank = f"127.0.0.1:{free_port()}"
    wanted = settings_for(
        redis_url,
        postgres_url,
        bind=f"127.0.0.1:{free_port()}",
        bank_bind=bank,
        bank_url=f"http://{bank}",
        **(settings or {}),
    )
    base = f"http://{wanted.bind}"
    with running(wanted, folder, **duties) as processes:
        async with httpx.AsyncClient(base_url=base) as client:

            async def is_ready() -> bool:
                try:
                    return (await client.get("/readyz")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(is_ready, within_s=30)
        yield Running(base, processes, wanted)


class Auditor:
    """Looks at the figures again and again: they must add up to the house at every instant."""

    def __init__(self, program: Program, stamp: str, capacity: int) -> None:
        self._program = program
        self._stamp = stamp
        self._capacity = capacity
        self.looks = 0

    @classmethod
    async def of(cls, redis: Redis, capacity: int) -> Self:
        """Who watches the event as it stands; asked for before a crowd fills this loop."""
        program = Program(redis)
        run_id, [stamp] = await program.found(["demo"])
        assert stamp.endswith(run_id)
        return cls(program, stamp, capacity)

    async def watch(self) -> None:
        while True:
            try:
                found = await self._program.ask("demo", self._stamp, ReportSockets("auditor", 0))
            except RedisError:  # two thousand sockets in this loop: it may be late for an answer
                continue
            places = found.free + found.held + found.paying + found.sold
            assert places == self._capacity, found
            self.looks += 1
            await asyncio.sleep(0.005)


def any_of_fifty(chance: random.Random) -> Wish:
    """Named, best and standing, mixed."""
    match chance.randrange(3):
        case 0:
            return {"seats": [f"stalls.R{chance.randrange(3)}-{chance.randint(1, 10)}"]}
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
    async with sale(redis_url, postgres_url, pool, folder, **event) as house:
        character = Character(any_of_fifty, tries=40)
        buyers = [Buyer(number, house.base, character) for number in range(300)]
        auditor = await Auditor.of(redis, 50)
        await all_live(buyers, auditor.watch)
        await until(lambda: is_quiet(pool), within_s=30)

        assert auditor.looks > 10
        assert await disagreements(pool, redis) == []
        seats = Counter(
            seat["id"] for b in buyers for one in b.confirmed() for seat in one["seats"]
        )
        floor = sum(one["quantity"] for b in buyers for one in b.confirmed() if "section" in one)
        assert (len(seats), max(seats.values()), floor) == (30, 1, 20)
        assert set((await marks(redis, pool, "demo")).values()) == {"s"}
        refusals = Counter(code for buyer in buyers for code in buyer.refusals)
        assert set(refusals) <= {"seats_taken", "sold_out"}
        assert all(len(buyer.confirmed()) <= 1 for buyer in buyers)


def any_of_a_thousand(chance: random.Random) -> Wish:
    quantity = chance.randint(1, 3)
    match chance.randrange(3):
        case 0:
            row, first = chance.randrange(32), chance.randint(1, 25 - quantity)
            return {"seats": [f"stalls.R{row}-{first + n}" for n in range(quantity)]}
        case 1:
            return {"section": "stalls", "quantity": quantity}
        case _:
            return {"section": "floor", "quantity": quantity}


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
    async with sale(redis_url, postgres_url, pool, folder, **event) as house:
        character = Character(
            any_of_a_thousand,
            tries=4,
            releases=0.1,
            forgets=0.03,
            cancels=0.15,
            methods=("ok",) * 16 + ("declined",) * 3 + ("late",),
        )
        buyers = [Buyer(number, house.base, character) for number in range(visitors)]
        auditor = await Auditor.of(redis, 1000)
        await all_live(buyers, auditor.watch)
        await until(lambda: is_quiet(pool), within_s=60)

        assert await disagreements(pool, redis) == []
        rows = await pool.fetch("SELECT state, count(*) AS n FROM bookings GROUP BY state")
        states = {row["state"]: row["n"] for row in rows}
        assert {"confirmed", "refunded", "released", "expired"} <= set(states)
        kept = {b["id"] for buyer in buyers for b in buyer.confirmed()}
        rows = await pool.fetch("SELECT id FROM bookings WHERE state = 'confirmed'")
        late = {b["id"] for one in buyers for b in one.bookings.values() if b["state"] == "expired"}
        assert kept <= {str(row["id"]) for row in rows} <= kept | late
