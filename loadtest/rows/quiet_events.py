"""Benchmark of strangers: what a thousand known events cost while twenty of them sell."""

import asyncio
from contextlib import AsyncExitStack

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Pool, open_pool
from booking_rush.queue.event_registry import EventRegistry
from loadtest.environment import Stores, cpu_s
from loadtest.reporting import report
from loadtest.rows.saga import running_duties
from loadtest.rows.sale import new_event

SELLING, QUIET = 20, 980
SAMPLE_S, SAMPLES_MAX = 10.0, 5
SETTLED = 0.9  # of the sample before: a share that falls no faster is one that stays
READY_S = 60.0
DUTIES = {
    "serve": ["serve"],
    "record": ["work", "record"],
    "tend": ["work", "tend"],
    "conduct": ["work", "conduct"],
    "reconcile": ["work", "reconcile"],
}


async def quiet_events() -> None:
    """Measure all processes' share of a core with 20 open events, and with 980 closed ones more."""
    stores = Stores()
    async with AsyncExitStack() as stack:
        _, postgres_url = await stack.enter_async_context(stores)
        pool = await stack.enter_async_context(open_pool(postgres_url, size=4))
        pids = await stack.enter_async_context(running_duties(stores, DUTIES))
        redis = await stack.enter_async_context(connect(stores.urls[0]))
        registry = EventRegistry(pool, Program(redis))
        await _create(pool, SELLING, "selling", "open")
        for number in range(SELLING):
            assert await registry.ready(f"selling-{number}", seconds=READY_S)
        alone = await _share(pids)
        await _create(pool, QUIET, "quiet", "close")
        beside = await _share(pids)
    report("980 closed events", core=beside - alone, core_alone=alone, ratio=beside / alone)


async def _create(pool: Pool, count: int, name: str, action: str) -> None:
    catalogue = Catalogue(pool)
    for number in range(count):
        event = f"{name}-{number}"
        await catalogue.create(new_event(50, event), who="bench")
        await catalogue.act(event, action, who="bench")


async def _share(pids: dict[str, int]) -> float:
    """Return the share of a core that these processes take, once it falls no more.

    New events are recovered and read first, and closed ones rest only after a while.
    """
    share = await _sample(pids)
    for _ in range(SAMPLES_MAX):
        before, share = share, await _sample(pids)
        if share >= SETTLED * before:
            break
    return share


async def _sample(pids: dict[str, int]) -> float:
    before = cpu_s(pids)
    await asyncio.sleep(SAMPLE_S)
    after = cpu_s(pids)
    return sum(after[name] - before[name] for name in pids) / SAMPLE_S
