"""Clocks: a store's clock that is far from ours is refused at start; a slow answer is no reason."""

import time

import pytest
from redis.asyncio import Redis

from booking_rush.lua.client.connection import RedisUnfitError
from booking_rush.postgres import Pool
from booking_rush.server.processes.serve import check_stores
from booking_rush.server.runtime import clocks
from tests.support.world import settings_for


@pytest.mark.parametrize(
    ("told_s", "ahead_s"),
    [(100.5, 0.0), (100.0, 0.0), (101.0, 0.0), (99.0, -1.0), (103.0, 2.0)],
)
def test_half_the_round_trip_is_allowed_for(told_s: float, ahead_s: float) -> None:
    assert clocks.apart_s(100.0, told_s, 101.0) == ahead_s


async def test_a_clock_apart_is_refused(
    pool: Pool, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clocks.check_clocks(pool, redis)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 3600)
    with pytest.raises(RedisUnfitError, match=r"clock of redis is \+3600"):
        await clocks.check_clocks(pool, redis)


async def test_a_server_refuses_to_start_with_a_clock_apart(
    redis_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(redis_url, postgres_url)
    await check_stores(settings)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 2)
    with pytest.raises(RedisUnfitError, match=r"clock of redis is -[12]\.[0-9] s from ours"):
        await check_stores(settings)
