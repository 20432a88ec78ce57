"""Frames about a place: which one is due, by what was sent and what was found."""

from typing import Any

import pytest

from booking_rush.errors import TryAgain
from booking_rush.lua.client.pubsub import Gone
from booking_rush.lua.line.commands import Admitted, Late, Waiting
from booking_rush.queue.line import Place
from booking_rush.server.rooms.place_updates import change
from booking_rush.server.rooms.room import Room
from booking_rush.server.rooms.subscriber import PlaceSent
from tests.support.clients import until
from tests.support.world import World

NOW = 9.0
SHARED: dict[str, Any] = {"lane": "main", "joined_ms": 0, "waiting": 9, "room": "open", "entry": ""}


def waiting(number: int = 1, ahead: int = 0) -> Waiting:
    return Waiting(**SHARED, number=number, ahead=ahead)


def admitted(number: int = 1, wave: int = 1, deadline_ms: int = 9) -> Admitted:
    return Admitted(
        **SHARED, number=number, wave=wave, admitted_ms=0, claim_ms=5, deadline_ms=deadline_ms
    )


LATE = Late(**SHARED, number=1)


@pytest.mark.parametrize(
    ("sent", "found", "frame"),
    [
        (None, None, ("", "")),
        (None, waiting(), ("queue.joined", "")),
        (None, admitted(), ("queue.admitted", "")),
        (None, LATE, ("queue.joined", "")),
        (waiting(), None, ("queue.expired", "removed")),
        (waiting(ahead=3), waiting(ahead=2), ("", "")),
        (waiting(1), waiting(2), ("queue.joined", "")),
        (waiting(), admitted(), ("queue.admitted", "")),
        (waiting(), LATE, ("queue.expired", "missed")),
        (admitted(), None, ("queue.expired", "pass_over")),
        (admitted(), waiting(), ("queue.joined", "")),
        (admitted(), admitted(), ("", "")),
        (admitted(), admitted(number=2), ("queue.admitted", "")),
        (admitted(), admitted(wave=2), ("queue.admitted", "")),
        (admitted(), admitted(deadline_ms=10), ("queue.admitted", "")),
        (admitted(), LATE, ("queue.expired", "missed")),
        (LATE, None, ("queue.expired", "late_over")),
        (LATE, waiting(), ("queue.joined", "")),
        (LATE, admitted(), ("queue.admitted", "")),
        (LATE, LATE, ("", "")),
    ],
)
def test_a_frame_is_due_where_what_was_found_is_news(
    sent: Place | None, found: Place | None, frame: tuple[str, str]
) -> None:
    assert change(sent, found) == frame


def test_a_position_that_was_sent_never_grows_while_its_number_stays() -> None:
    sent = PlaceSent()
    seen: list[int] = []
    for place in (waiting(7, ahead=5), waiting(7, ahead=6), waiting(7, ahead=4), waiting(9, 8)):
        sent.record(place, NOW)
        seen.append(sent.sent_ahead)

    assert seen == [5, 5, 4, 8]
    assert sent.sent_at == NOW


def test_a_missed_turn_leaves_the_place_on_the_late_list_and_its_visitor_absent() -> None:
    sent = PlaceSent(last=admitted(), present=True)

    sent.move_to_late()

    assert (sent.last, sent.present) == (LATE, False)


async def test_who_missed_a_turn_unheard_is_looked_up_until_they_are_back(world: World) -> None:
    await world.event(rules={"rate_per_second": 0, "queue_from": 0})
    ada = await world.visitor()
    room = await world.services.rooms.room("demo")
    async with ada.socket() as socket:
        number = (await socket.ask("queue.join"))["place"]["number"]
        epoch = world.services.rooms.batcher("demo").gate.epoch
        room.apply(Gone(epoch, ada.id, "missed", "main", number, 0))
        missed = await socket.until("queue.expired")

        back = await socket.until("queue.joined")

    assert missed["reason"] == "missed"
    assert (back["place"]["state"], back["place"]["number"]) == ("waiting", number)


def looked_up_in(room: Room, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the visitors who are looked up from here on."""
    looked = list[str]()
    for name in ("find", "confirm_presence"):
        ask = getattr(room.line, name)

        async def ask_and_note(visitor: str, ask: Any = ask) -> Place | None:
            looked.append(visitor)
            found: Place | None = await ask(visitor)
            return found

        monkeypatch.setattr(room.line, name, ask_and_note)
    return looked


async def test_who_leaves_is_not_looked_up_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event(state="paused")
    ada, bob = await world.visitor(), await world.visitor()
    room = await world.services.rooms.room("demo")
    async with ada.socket() as leaves, bob.socket():
        await leaves.ask("queue.join")
        looked = looked_up_in(room, monkeypatch)
        await leaves.ask("queue.leave")
        room.places.doubt(room.subscribers_of(bob.id))
        await until(lambda: looked)

    assert looked == [bob.id]


async def test_who_could_not_be_answered_that_they_left_is_looked_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event(state="paused")
    ada = await world.visitor()
    room = await world.services.rooms.room("demo")
    epoch = world.services.rooms.batcher("demo").gate.epoch

    async def leave(visitor: str) -> bool:
        room.apply(Gone(epoch, visitor, "left", "main", 1, 0))
        raise TryAgain

    async with ada.socket() as socket:
        await socket.ask("queue.join")
        looked = looked_up_in(room, monkeypatch)
        monkeypatch.setattr(room.line, "leave", leave)
        refused = await socket.ask("queue.leave")
        await until(lambda: looked)

    assert refused["problem"]["code"] == "try_again"
    assert looked == [ada.id]
