"""Stock on the front page: plenty, few, all held, and sold out are four different words."""

from booking_rush.server.app import V1
from tests.support.clients import until
from tests.support.world import World

SECTION = {
    "id": "floor",
    "show": "evening",
    "name": "Floor",
    "kind": "standing",
    "capacity": 10,
    "price": {"amount": 100, "currency": "EUR"},
}


async def test_the_word_follows_what_is_free_held_and_sold(world: World) -> None:
    await world.event(sections=[SECTION], rules={"tickets_per_visitor_max": 10})
    ada, bob = await world.visitor(), await world.visitor()
    await becomes(world, "plenty")

    first = (await ada.hold("k", await ada.admitted(), section="floor", quantity=9)).json()["hold"]
    await becomes(world, "few")
    last = (await bob.hold("k", await bob.admitted(), section="floor", quantity=1)).json()["hold"]
    await becomes(world, "held")
    for visitor, hold in ((ada, first), (bob, last)):
        await visitor.check_out(hold["id"])
        await visitor.booked(hold["id"], "confirmed")
    await becomes(world, "gone")

    operator = await world.operator()
    stats = (await operator.get(f"{V1}/admin/events/demo/stats")).json()["stats"]
    assert stats["stock"] == "gone"


async def test_a_pure_waiting_room_has_no_stock(world: World) -> None:
    await world.event(sections=[])
    visitor = await world.visitor()
    [entry] = (await visitor.http.get(f"{V1}/events")).json()["events"]
    assert "stock" not in entry


async def becomes(world: World, word: str) -> None:
    """Wait until the list of events and the event itself say this word."""
    visitor = await world.visitor()

    async def is_said() -> bool:
        [entry] = (await visitor.http.get(f"{V1}/events")).json()["events"]
        event = (await visitor.http.get(f"{V1}/events/demo")).json()["event"]
        return (entry.get("stock"), event.get("stock")) == (word, word)

    await until(is_said)
