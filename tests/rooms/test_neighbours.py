"""A room that breaks is its own trouble: the loops and the news of every other room go on."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from booking_rush.server.rooms.room import Room
from tests.support.clients import until
from tests.support.world import World

Method = Callable[..., Awaitable[Any]]


def feed_of(room: Room, feed: str) -> Any:
    return getattr(room, feed) if feed else room


@pytest.mark.parametrize(
    ("feed", "method"),
    [
        ("places", "send_positions"),
        ("seats", "flush"),
        ("", "send_bookings"),
        ("", "subscribers"),  # which the report of sockets counts
    ],
)
async def test_a_loop_over_rooms_serves_those_behind_a_broken_one(
    world: World, monkeypatch: pytest.MonkeyPatch, feed: str, method: str
) -> None:
    await world.event("victim")
    await world.event("neighbour")
    ada, bob = await world.visitor(), await world.visitor()
    async with ada.socket("victim"), bob.socket("neighbour"):
        rooms = world.services.rooms
        assert [room.row.id for room in rooms.every()] == ["victim", "neighbour"]
        victim, neighbour = rooms.every()
        calls = {"victim": 0, "neighbour": 0}
        works = getattr(feed_of(neighbour, feed), method)

        def broken(*_: Any) -> Any:
            calls["victim"] += 1
            raise KeyError("a mistake of ours")

        def counted(*given: Any) -> Any:
            calls["neighbour"] += 1
            return works(*given)

        monkeypatch.setattr(feed_of(victim, feed), method, broken)
        monkeypatch.setattr(feed_of(neighbour, feed), method, counted)
        await until(lambda: calls["victim"] and calls["neighbour"] >= 2)


async def test_a_news_that_cannot_be_applied_ends_no_subscription(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event("victim")
    await world.event("neighbour", rules={"rate_per_second": 0})
    ada, bob = await world.visitor(), await world.visitor()
    async with ada.socket("victim"), bob.socket("neighbour") as socket:
        victim = await world.services.rooms.room("victim")
        heard: list[Any] = []

        def broken(news: Any) -> None:
            heard.append(news)
            raise KeyError("a mistake of ours")

        looked_up: list[Any] = []
        neighbour = await world.services.rooms.room("neighbour")
        monkeypatch.setattr(neighbour, "invalidate", lambda: looked_up.append(1))
        monkeypatch.setattr(victim, "apply", broken)
        await until(lambda: len(heard) >= 3)
        assert (await socket.ask("queue.join"))["type"] == "queue.joined"
        assert looked_up == [], "the subscription was begun anew"
