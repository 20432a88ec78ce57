"""A sale on a Redis Cluster whose event gets another primary in the middle of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest

from booking_rush.lua.client.connection import connect
from booking_rush.postgres import Pool
from tests.engines.cluster.cluster_nodes import RunningCluster, ask, port_of, running_cluster
from tests.support.crowds.buyers import Buyer, run_all
from tests.support.crowds.sale_checks import (
    EVENT,
    PROFILE,
    assert_nothing_is_lost,
    wait_until_sold,
)
from tests.support.crowds.sale_event import running_sale

BUYERS = 200


@pytest.fixture
async def cluster(folder: Path) -> AsyncGenerator[RunningCluster]:
    async with running_cluster(folder) as cluster:
        yield cluster


async def die(cluster: RunningCluster) -> None:
    """Kill the primary; its replica is elected."""
    primary = await cluster.primary_of("demo")
    await asyncio.to_thread(primary.kill)
    await cluster.promoted("demo", primary)


async def hand_over(cluster: RunningCluster) -> None:
    """Let the replica take over in good order; the old primary is its replica then."""
    primary = await cluster.primary_of("demo")
    await ask(await cluster.replica_of(primary), "FAILOVER")
    await cluster.promoted("demo", primary)


async def come_back(cluster: RunningCluster) -> None:
    """Stop the primary until it is replaced; then it goes on, and believes to be one still."""
    primary = await cluster.primary_of("demo")
    primary.pause()
    await cluster.promoted("demo", primary)
    primary.resume()


async def move(cluster: RunningCluster) -> None:
    """Move the event's slot to another primary, key by key."""
    primary = await cluster.primary_of("demo")
    others = [port for port in [*cluster.nodes][:3] if port != port_of(primary)]
    await cluster.begin_to_move("demo", cluster.nodes[others[0]])
    await cluster.move_keys("demo", cluster.nodes[others[0]])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", [die, hand_over, come_back, move])
async def test_an_events_primary_is_another_in_the_middle_of_its_sale(
    fault: Callable[[RunningCluster], Awaitable[None]],
    cluster: RunningCluster,
    postgres_url: str,
    pool: Pool,
    folder: Path,
) -> None:
    async with running_sale(cluster.url, postgres_url, pool, folder, **EVENT) as sale:
        buyers = [Buyer(number, sale.base, PROFILE) for number in range(BUYERS)]

        async def break_it() -> None:
            await wait_until_sold(pool, 20)
            await fault(cluster)
            await asyncio.Event().wait()

        await run_all(buyers, break_it)
        assert await pool.fetchval("SELECT epoch FROM recorded") >= 2
        assert all(process.is_running() for process in sale.processes.values())
        async with connect(cluster.url) as redis:
            await assert_nothing_is_lost(buyers, pool, redis)
