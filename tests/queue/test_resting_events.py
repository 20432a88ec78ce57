"""Closed events that rest: nothing looks after them each second, and nothing of them is lost."""

from collections import Counter

import pytest
from redis.asyncio import Redis

from booking_rush.booking.recording import leases
from booking_rush.lua.client import pubsub
from booking_rush.queue import event_registry
from tests.support.clients import until
from tests.support.world import World


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let events rest soon, and be read all together never again."""
    monkeypatch.setattr(event_registry, "RESTS_AFTER_S", 0.2)
    monkeypatch.setattr(event_registry, "RESTING_REFRESH_S", 3600.0)
    monkeypatch.setattr(leases, "RESTS_AFTER_S", 0.2)


async def rest(world: World) -> None:
    """Close the demo, and wait until it rests in the duties and in serve."""
    await world.catalogue.act("demo", "close", who="tests")

    def rests() -> bool:
        registries = (world.tend.registry, world.services.rooms.events)
        return all(row.id != "demo" for registry in registries for row in registry.live)

    await until(rests)


async def test_only_the_others_tick(world: World, redis: Redis, soon: None) -> None:
    for event in ("demo", "other"):
        await world.event(event)
    await rest(world)

    ticks: Counter[str] = Counter()
    async for event, batch in pubsub.subscribe(redis, lambda: None):
        ticks[event] += sum(isinstance(news, pubsub.Tick) for news in batch)
        if ticks["other"] == 10:
            break
    assert ticks["demo"] <= 1
    assert {row.id for row in world.tend.registry.rows} == {"demo", "other"}


async def test_a_resting_event_comes_back_after_a_loss_and_gives_money_back(
    world: World, redis: Redis, soon: None
) -> None:
    await world.event()
    ada = await world.visitor()
    booking = await ada.buys(section="floor", quantity=1)
    await rest(world)

    await redis.flushall()
    answer = await ada.http.post(f"/api/v1/bookings/{booking}/cancel")
    assert answer.status_code in (200, 202), answer.text
    await ada.booked(booking, "refunded")

    async def is_all_free() -> bool:
        shown = await ada.http.get("/api/v1/events/demo/availability")
        return shown.is_success and shown.json()["sections"]["floor"]["free"] == 50

    await until(is_all_free)
