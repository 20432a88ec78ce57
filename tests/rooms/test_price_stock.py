"""Stock by price for who waits: told in the welcome, and as one frame when a word changes."""

from typing import Any

import orjson
import pytest

from booking_rush.server.rooms import price_stock
from tests.support.world import World

FLOOR = {"amount": 4500, "currency": "EUR"}
STALLS = {"amount": 6500, "currency": "EUR"}


def words_of(told: dict[str, Any]) -> list[str]:
    return [price["word"] for price in told["stock"]["prices"]]


async def test_who_waits_is_told_the_stock_by_price_and_when_a_word_changes(world: World) -> None:
    await world.event(rules={"active_max": 1, "tickets_per_visitor_max": 50})
    buyer, ada = await world.visitor(), await world.visitor()
    token = await buyer.admitted()
    await ada.join()

    async with ada.socket() as socket:
        welcome = socket.frames[0]
        await buyer.hold("one", token, section="floor", quantity=46)
        few = await socket.until("queue.stock")
        asked = (await ada.place()).json()
    history = (await ada.http.get("/api/v1/events/demo/queue/history")).json()["entries"]

    assert history[-1]["why"] == "stock: €45.00 few, €65.00 plenty"
    assert welcome["stock"]["prices"] == [
        {"price": FLOOR, "free": 50, "word": "plenty"},
        {"price": STALLS, "free": 22, "word": "plenty"},
    ]
    assert welcome["place"]["odds"] == "likely"
    assert few["stock"]["prices"][0] == {"price": FLOOR, "free": 4, "word": "few"}
    assert words_of(asked) == ["few", "plenty"]


async def test_the_words_that_are_told_first_are_in_the_journal_once(world: World) -> None:
    await world.event(rules={"active_max": 0})
    told = dict[str, Any]()
    for _ in range(3):
        visitor = await world.visitor()
        await visitor.join()
        async with visitor.socket() as socket:
            told = socket.frames[0]
    anybody = await world.clients.http()
    entries = (await anybody.get("/api/v1/events/demo/journal")).json()["entries"]

    assert words_of(told) == ["plenty", "plenty"]
    said = [one["why"] for one in entries if one.get("why", "").startswith("stock: ")]
    assert said == ["stock: €45.00 plenty, €65.00 plenty"]


async def test_when_all_is_taken_the_odds_say_so(world: World) -> None:
    await world.event(rules={"active_max": 2, "tickets_per_visitor_max": 50})
    first, second, ada = [await world.visitor() for _ in range(3)]
    passes = [await first.admitted(), await second.admitted()]
    await ada.join()
    async with ada.socket() as socket:
        welcome = socket.frames[0]
        await first.hold("one", passes[0], section="floor", quantity=50)
        gone = await socket.until("queue.stock")
        await second.hold("two", passes[1], section="stalls", quantity=22)
        all_gone = await socket.until("queue.stock")
        asked = (await ada.place()).json()

    assert (words_of(gone), words_of(all_gone)) == (["gone", "plenty"], ["gone", "gone"])
    assert (welcome["place"]["odds"], asked["place"]["odds"]) == ("likely", "unlikely")
    assert words_of(asked) == ["gone", "gone"]


async def test_a_word_that_changes_before_the_first_look_is_told_to_who_was_welcomed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a process stands still between a welcome and the look that follows it."""
    monkeypatch.setattr(price_stock, "FRESH_S", 0.0)
    event = await world.event(rules={"tickets_per_visitor_max": 50})
    buyer = await world.visitor()
    token = await buyer.admitted()
    rooms = world.services.rooms
    stock = price_stock.PriceStock(event.id, rooms.batcher(event.id), world.services.pool)

    welcome = await stock.members()
    await buyer.hold("one", token, section="floor", quantity=50)
    told = await stock.changed_frame()

    assert words_of(welcome) == ["plenty", "plenty"]
    assert told is not None
    assert words_of(orjson.loads(told)) == ["gone", "plenty"]
    assert await stock.changed_frame() is None


async def test_a_pure_waiting_room_has_neither_prices_nor_odds(world: World) -> None:
    await world.event(sections=[], rules={"active_max": 0})
    ada = await world.visitor()
    await ada.join()

    told = (await ada.place()).json()

    assert told["stock"] == {"prices": []}
    assert told["place"]["odds"] is None
