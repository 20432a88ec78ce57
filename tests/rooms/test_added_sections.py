"""Sections that an operator adds while their event is watched."""

from tests.support.clients import Frame, Visitor, until
from tests.support.world import World

BALCONY = {
    "id": "balcony",
    "show": "evening",
    "name": "Balcony",
    "kind": "standing",
    "capacity": 5,
    "price": {"amount": 1000, "currency": "EUR"},
}


async def test_a_watcher_of_every_section_learns_of_one_that_is_added(
    world: World, ada: Visitor
) -> None:
    operator = await world.operator()
    async with ada.socket() as socket:
        watched = await socket.ask("seats.watch")
        assert watched["sections"].keys() == {"stalls", "floor"}

        answer = await operator.patch("/api/v1/admin/events/demo", json={"sections": [BALCONY]})
        assert answer.status_code == 200, answer.text
        delta = await socket.until("seats.delta")
        assert (delta["section"], delta["changes"], delta["free"]) == ("balcony", [], 5)
        assert delta["from"] == delta["to"]

        async def watched_again() -> Frame | None:
            answer = await socket.ask("seats.watch")
            return answer if answer["type"] == "seats.snapshot" else None  # at most once a second

        balcony = (await until(watched_again))["sections"]["balcony"]
        assert balcony["free"] == 5
        held = await ada.hold("1", await ada.admitted(), section="balcony", quantity=2)
        assert held.status_code == 201, held.text
        changed = await socket.until("seats.delta")
        assert (changed["section"], changed["from"]) == ("balcony", balcony["version"])
