"""A sale during faults: Redis is lost, duties are killed, and no cent and no seat is lost."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.lua.client.connection import connect
from booking_rush.postgres import Pool
from tests.support.clients import until
from tests.support.crowds.buyers import Buyer, BuyerProfile, run_all
from tests.support.crowds.sale_event import any_of_a_thousand, running_sale, seated, standing
from tests.support.outages import BrokenStore, flush, rewind
from tests.support.servers.processes import Process
from tests.support.servers.stores import Store
from tests.support.store_agreement import disagreements, is_quiet

BUYERS = 400
DEATHS = 4  # of each duty
RULES = {
    "rate_per_second": 300,
    "active_max": 100,
    "claim_seconds": 60,
    "hold_seconds": 5,
    "payment_seconds": 8,
}
PROFILE = BuyerProfile(
    any_of_a_thousand,
    tries=12,
    releases=0.05,
    abandons=0.05,
    cancels=0.1,
    methods=("ok",) * 15 + ("declined", "slow", "lost"),
)
EVENT: dict[str, Any] = {"sections": [seated(32, 25), standing(200)], "rules": RULES}


async def assert_nothing_is_lost(buyers: list[Buyer], pool: Pool, redis: Redis) -> None:
    await until(lambda: is_quiet(pool), within_s=60)
    assert await disagreements(pool, redis) == []
    rows = await pool.fetch("SELECT id, state FROM bookings")
    states = {str(row["id"]): row["state"] for row in rows}
    for buyer in buyers:
        for id_, sent in buyer.bookings.items():
            assert id_ in states, f"{sent['state']} was sent, and is gone"
        for booking in buyer.confirmed():
            assert states[booking["id"]] == "confirmed"
    assert sum(len(buyer.confirmed()) for buyer in buyers) > BUYERS / 4


async def wait_until_sold(pool: Pool, least: int) -> None:
    async def enough() -> bool:
        sold = await pool.fetchval("SELECT count(*) FROM bookings WHERE state = 'confirmed'")
        return int(sold) >= least

    await until(enough, within_s=60)


@pytest.mark.parametrize("fault", [flush, rewind])
async def test_redis_is_lost_in_the_middle_of_a_sale(
    fault: Callable[[Store], None], broken_store: BrokenStore
) -> None:
    store, pool = broken_store.redis, broken_store.pool
    async with running_sale(
        store.url, broken_store.postgres_url, pool, broken_store.folder, **EVENT
    ) as sale:
        buyers = [Buyer(number, sale.base, PROFILE) for number in range(BUYERS)]

        async def break_it() -> None:
            await wait_until_sold(pool, 40)
            await asyncio.to_thread(fault, store)
            await asyncio.Event().wait()

        await run_all(buyers, break_it)
        epoch = await pool.fetchval("SELECT epoch FROM recorded")
        assert epoch >= 2
        async with connect(store.url) as redis:
            await assert_nothing_is_lost(buyers, pool, redis)


async def test_record_conduct_and_bank_are_killed_again_and_again(
    redis: Redis, redis_url: str, postgres_url: str, pool: Pool, folder: Path
) -> None:
    """Kill each at random moments, at least four times, and start it again."""
    deaths = dict.fromkeys(("record", "conduct", "bank"), 0)
    async with running_sale(redis_url, postgres_url, pool, folder, **EVENT) as sale:
        buyers = [Buyer(number, sale.base, PROFILE) for number in range(BUYERS)]

        async def keep_killing() -> None:
            rng = random.Random(7)
            await wait_until_sold(pool, 10)
            while min(deaths.values()) < DEATHS:
                name = rng.choice(sorted(deaths))
                process: Process = sale.processes[name]
                process.kill()
                process.start()
                deaths[name] += 1
                await asyncio.sleep(rng.uniform(0.2, 0.9))
            await asyncio.Event().wait()

        await run_all(buyers, keep_killing)
        assert min(deaths.values()) >= DEATHS, deaths
        await assert_nothing_is_lost(buyers, pool, redis)
