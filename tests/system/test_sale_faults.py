"""A sale during faults: Redis is lost, duties are killed, and no cent and no seat is lost."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from booking_rush.lua.client.connection import connect
from booking_rush.postgres import Pool
from tests.support.crowds.buyers import Buyer, run_all
from tests.support.crowds.sale_checks import (
    EVENT,
    PROFILE,
    assert_nothing_is_lost,
    wait_until_sold,
)
from tests.support.crowds.sale_event import running_sale
from tests.support.outages import BrokenStore, flush, rewind
from tests.support.servers.processes import Process
from tests.support.servers.stores import Store

BUYERS = 400
DEATHS = 4  # of each duty


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
