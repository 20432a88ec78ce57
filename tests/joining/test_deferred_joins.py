"""Deferred joins in Postgres: they come back after a loss of Redis, and end with their event."""

import pytest
from redis.asyncio import Redis

from booking_rush.lua.events.commands import SetRules
from booking_rush.lua.line.commands import (
    AdmitNext,
    FindPlace,
    JoinLine,
    Lobby,
    NotInLine,
    Waiting,
)
from booking_rush.postgres import Pool
from tests.support.recorded_event import RecordedEvent


@pytest.fixture
async def recorded_event(pool: Pool, redis: Redis) -> RecordedEvent:
    return await RecordedEvent(pool, redis).begin()


async def defer(event: RecordedEvent, *visitors: str) -> None:
    """Let a block have its share, another ask, and these visitors of the first join."""
    for n in range(20):
        await event.ask(JoinLine(f"v{n}", block="house"))
    await event.ask(JoinLine("honest", block="home"))
    for visitor in visitors:
        assert isinstance(await event.ask(JoinLine(visitor, block="house")), Lobby)
    await event.record()


async def test_deferred_joins_come_back_after_a_loss_of_redis(
    recorded_event: RecordedEvent, redis: Redis
) -> None:
    await defer(recorded_event, "first", "second")
    await redis.flushall()

    await recorded_event.record("heir")

    assert isinstance(await recorded_event.ask(FindPlace("first")), Lobby)
    await recorded_event.ask(AdmitNext())  # this Redis knows of no other block that has asked
    for number, visitor in ((22, "first"), (23, "second")):
        place = await recorded_event.ask(FindPlace(visitor))
        assert isinstance(place, Waiting)
        assert place.number == number
    await recorded_event.record("heir")
    assert await recorded_event.pool.fetchval("SELECT count(*) FROM deferred_joins") == 0
    assert (22, "first", "waiting") in await recorded_event.places()


async def test_deferred_joins_of_a_lane_that_the_rules_know_no_more_come_back(
    recorded_event: RecordedEvent, redis: Redis
) -> None:
    await defer(recorded_event, "first")
    await recorded_event.pool.execute("UPDATE deferred_joins SET lane = 'vip'")
    await redis.flushall()

    await recorded_event.record("heir")
    await recorded_event.ask(AdmitNext())

    place = await recorded_event.ask(FindPlace("first"))
    assert isinstance(place, Waiting)
    assert (place.lane, place.number) == ("vip", 1)


async def test_a_closed_event_has_no_deferred_joins(recorded_event: RecordedEvent) -> None:
    await defer(recorded_event, "late")

    await recorded_event.pool.execute("UPDATE events SET state = 'closed', version = 9")
    await recorded_event.ask(SetRules(9, "closed", {}))
    await recorded_event.record()

    assert await recorded_event.ask(FindPlace("late")) == NotInLine()
    assert await recorded_event.pool.fetchval("SELECT count(*) FROM deferred_joins") == 0
