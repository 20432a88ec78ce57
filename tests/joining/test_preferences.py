"""Preferences of who waits, on a real socket: kept for them alone, moving no place."""

import pytest
from redis.asyncio import Redis

from booking_rush.booking.joining.preferences import KEPT_S, Preference, Preferences
from booking_rush.errors import TryAgain
from booking_rush.lua.client.connection import connect
from tests.support.world import World

WISH = {
    "quantity": 3,
    "sections": ["stalls"],
    "price_max": {"amount": 6500, "currency": "EUR"},
}


async def test_a_preference_is_told_again_to_who_comes_back_and_to_nobody_else(
    world: World, redis: Redis
) -> None:
    await world.event(state="paused")
    ada, bob = await world.visitor(), await world.visitor()
    await bob.join()
    async with ada.socket() as socket:
        refused = await socket.ask("queue.prefer", quantity=2)
        assert refused["problem"]["code"] == "not_in_line"
        place = (await socket.ask("queue.join"))["place"]
        assert "preferred" not in socket.frames[0]
        await socket.ask("queue.prefer", quantity=2)
        answer = await socket.ask("queue.prefer", **WISH)
        assert {name: answer[name] for name in WISH} == WISH
        assert answer["type"] == "queue.preferred"
    async with ada.socket() as socket, bob.socket() as other:
        assert socket.frames[0]["preferred"] == WISH
        assert socket.frames[0]["place"]["number"] == place["number"]
        assert "preferred" not in other.frames[0]
        [key] = await redis.keys("*:prefer:*")
        assert 0 < await redis.ttl(key) <= KEPT_S


async def test_without_redis_nothing_is_saved_and_nothing_is_known() -> None:
    away = connect("unix:///there/is/no/redis.sock")
    preferences = Preferences(away)
    with pytest.raises(TryAgain):
        await preferences.save("demo", "v_1", Preference(1))
    assert await preferences.find("demo", "v_1") is None
    await away.aclose()
