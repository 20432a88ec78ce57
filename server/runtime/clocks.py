"""Clocks of this process and of its stores: deadlines are of Redis' clock, retries of Postgres'."""

import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from redis.asyncio import Redis

from booking_rush.lua.client.connection import RedisUnfitError
from booking_rush.lua.cluster.cluster_client import ask_primaries
from booking_rush.postgres import Pool, PostgresUnfitError
from booking_rush.server.runtime.metrics import CLOCK_APART

log = logging.getLogger(__name__)

CLOCK_APART_S_MAX = 1.0
EVERY_S = 60.0  # between two comparisons


def apart_s(began_s: float, told_s: float, ended_s: float) -> float:
    """Return by how much a clock is ahead of ours, in seconds, that told its time in between.

    The answer may be as old as the round trip, so half of that is allowed for.
    """
    ahead = told_s - (began_s + ended_s) / 2
    allowed = (ended_s - began_s) / 2
    return 0.0 if abs(ahead) <= allowed else ahead - allowed * (1 if ahead > 0 else -1)


async def compare_clocks(pool: Pool, redis: Redis) -> dict[str, float]:
    """Ask both stores for their time. Return by how many seconds each is ahead of ours.

    Of a cluster it is the primary whose clock is furthest away.
    """

    async def tell(primary: Redis) -> float:
        seconds, micros = await cast("Any", primary.time())
        return float(seconds) + float(micros) / 1e6

    async def of_redis(primary: Redis) -> float:
        return await _measure(partial(tell, primary))

    async def of_postgres() -> float:
        found: float = await pool.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
        return found

    ahead_s = max(await ask_primaries(redis, of_redis), key=abs)
    return {"redis": ahead_s, "postgres": await _measure(of_postgres)}


async def _measure(tell: Callable[[], Awaitable[float]]) -> float:
    began_s = time.time()
    told_s = await tell()
    return apart_s(began_s, told_s, time.time())


async def check_clocks(pool: Pool, redis: Redis) -> None:
    """Refuse to start with a clock that is more than CLOCK_APART_S_MAX apart from a store's.

    Raises:
        RedisUnfitError, PostgresUnfitError: that store's clock is.
    """
    for store, ahead_s in (await compare_clocks(pool, redis)).items():
        if abs(ahead_s) > CLOCK_APART_S_MAX:
            error = RedisUnfitError if store == "redis" else PostgresUnfitError
            raise error(f"the clock of {store} is {ahead_s:+.1f} s from ours: set both by NTP")


async def export_clocks(pool: Pool, redis: Redis) -> None:
    """Export how far the clocks are apart, and log what is too far."""
    for store, ahead_s in (await compare_clocks(pool, redis)).items():
        CLOCK_APART.labels(store).set(ahead_s)
        if abs(ahead_s) > CLOCK_APART_S_MAX:
            log.error("clocks are apart store=%s ahead_s=%.1f", store, ahead_s)
