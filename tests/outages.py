"""Moments that last as long as a test wants: a welcome is made, an event is brought back."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from booking_rush.lua.client.epoch_gate import Gate
from booking_rush.postgres import Pool
from tests.clients import until
from tests.world import World


@asynccontextmanager
async def slow_welcomes(pool: Pool) -> AsyncGenerator[None]:
    """Bookings cannot be read while the block lasts, and a welcome reads the last one."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE bookings")
        yield


@asynccontextmanager
async def recovering(world: World, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Redis is empty, and cannot be filled again while the block lasts."""
    gate = world.house.rooms.batcher("demo").gate
    async with slow_welcomes(pool):
        await redis.flushall()
        await until(lambda: is_shut(gate))
        yield


async def is_shut(gate: Gate) -> bool:
    return not gate.is_open
