"""Outages that a test controls: slow welcomes, a recovery that waits, a Redis that loses data."""

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.postgres import Pool
from tests.support.clients import until
from tests.support.servers.stores import Store
from tests.support.world import World


@dataclass(frozen=True, slots=True)
class BrokenStore:
    """A Redis for a test to break, and the Postgres and the folder for logs that stay whole."""

    redis: Store
    postgres_url: str
    pool: Pool
    folder: Path


@asynccontextmanager
async def slow_welcomes(pool: Pool) -> AsyncGenerator[None]:
    """Lock the bookings while the block lasts: a welcome reads the visitor's last one."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE bookings")
        yield


@asynccontextmanager
async def recovering(world: World, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Empty Redis, and keep it from being loaded while the block lasts."""
    gate = world.services.rooms.batcher("demo").gate
    async with slow_welcomes(pool):
        await redis.flushall()
        await until(lambda: is_shut(gate))
        yield


async def is_shut(gate: EpochGate) -> bool:
    return not gate.is_open


def flush(store: Store) -> None:
    """Empty a Redis that goes on running."""

    async def run() -> None:
        async with connect(store.url) as redis:
            await redis.flushall()

    asyncio.run(run())


def rewind(store: Store) -> None:
    """Restart a Redis from its files of a second ago, as after a loss of power."""
    data = Path(store.child.argv[store.child.argv.index("--dir") + 1])
    copy = data.with_name("a-second-ago")
    shutil.copytree(data, copy)
    time.sleep(1.0)
    store.kill()
    shutil.rmtree(data)
    copy.rename(data)
    store.start()
