"""Holds of seats and standing places together: all or nothing, over every way, and to tickets."""

import csv
import io
from typing import Any

import msgspec
import pytest

from booking_rush.lua.client.program import Program
from booking_rush.lua.holds.commands import (
    Held,
    LimitExceeded,
    MixedCurrencies,
    ReadHolds,
    ReleaseHold,
    SeatsTaken,
    SoldOut,
    UnknownSection,
)
from booking_rush.lua.saga.commands import Obeyed, RetakeHold, SeatsLost
from tests.support.clients import code_of
from tests.support.event_in_redis import EventInRedis, seated, standing
from tests.support.world import World, held

BOTH: dict[str, Any] = {
    "seats": ["stalls.A-1", "stalls.A-2"],
    "standing": {"section": "floor", "quantity": 3},
}


@pytest.fixture
async def moves(program: Program) -> EventInRedis:
    """Ada and Bob are let in; five seats and four standing places are free."""
    pounds = msgspec.structs.replace(standing("bar", 9), currency="GBP")
    moves = await EventInRedis(program).open(
        sections=[seated("stalls", A="....."), standing("floor", 4), pounds],
        hold_seconds=200,
        claim_seconds=80_000,
        pass_seconds=80_000,
        tickets_per_visitor_max=6,
    )
    await moves.admit("ada", "bob")
    return moves


async def test_one_hold_has_seats_and_standing_places(moves: EventInRedis) -> None:
    hold = (await moves.hold("ada", "stalls.A-2", "stalls.A-3", section="floor", quantity=3)).hold

    assert (hold.seats, hold.section, hold.quantity) == (["stalls.A-2", "stalls.A-3"], "floor", 5)
    assert (hold.prices, hold.adjacent) == ([6500, 6500, 4500], True)
    assert (await moves.rows(), await moves.free("floor")) == ({"A": ".hh.."}, 1)
    await moves.ask(ReleaseHold("ada", hold.id))
    assert (await moves.rows(), await moves.free("floor")) == ({"A": "....."}, 4)


async def test_it_ends_by_itself_with_all_of_its_places(moves: EventInRedis) -> None:
    await moves.hold("ada", "stalls.A-1", section="floor", quantity=3)

    await moves.tick(after_s=201)

    assert (await moves.rows(), await moves.free("floor")) == ({"A": "....."}, 4)


@pytest.mark.parametrize(
    ("seats", "section", "quantity", "refusal"),
    [
        (["stalls.A-1"], "floor", 5, SoldOut()),
        (["stalls.A-5"], "floor", 1, SeatsTaken(["stalls.A-5"])),
        (["stalls.A-1", "stalls.A-2"], "floor", 5, LimitExceeded(6, 0)),
        (["stalls.A-1"], "attic", 1, UnknownSection()),
        (["stalls.A-1"], "stalls", 1, UnknownSection()),
        (["stalls.A-1"], "bar", 1, MixedCurrencies()),
    ],
)
async def test_it_is_held_as_a_whole_or_not_at_all(
    moves: EventInRedis, seats: list[str], section: str, quantity: int, refusal: object
) -> None:
    await moves.hold("bob", "stalls.A-5")
    request = moves.hold_command("ada", *seats, section=section, quantity=quantity)

    assert await moves.ask(request) == refusal
    assert (await moves.rows(), await moves.free("floor")) == ({"A": "....h"}, 4)


@pytest.mark.parametrize(
    ("taken", "answer", "row", "free"),
    [
        ([], Obeyed(), "h....", 1),
        (["stalls.A-1"], SeatsLost(), "h....", 4),
        (["stalls.A-5", "floor"], SeatsLost(), "....h", 2),
    ],
)
async def test_a_late_payment_takes_all_of_it_again_or_nothing(
    moves: EventInRedis, taken: list[str], answer: object, row: str, free: int
) -> None:
    made = await moves.hold("ada", "stalls.A-1", section="floor", quantity=3)
    [hold] = (await moves.ask(ReadHolds([("ada", made.id)]))).holds
    await moves.tick(after_s=201)
    if taken:
        places: dict[str, Any] = {"section": "floor", "quantity": 2} if "floor" in taken else {}
        assert isinstance(await moves.hold("bob", taken[0], **places), Held)

    assert await moves.ask(RetakeHold(hold, 5)) == answer
    assert (await moves.rows(), await moves.free("floor")) == ({"A": row}, free)


async def test_one_purchase_has_tickets_of_both(world: World) -> None:
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()
    hold = (await ada.hold("one", token, **BOTH)).json()["hold"]
    await ada.check_out(hold["id"])
    booking = await ada.booked(hold["id"], "confirmed")

    for shown in (hold, booking):
        assert [seat["id"] for seat in shown["seats"]] == BOTH["seats"]
        assert shown["standing"] == BOTH["standing"]
        assert "section" not in shown
        assert (shown["quantity"], shown["total"]["amount"]) == (5, 2 * 6500 + 3 * 4500)
    assert [ticket["seat"] for ticket in booking["tickets"]] == [*BOTH["seats"], None, None, None]
    link = (await ada.http.get(f"/api/v1/bookings/{hold['id']}/link")).json()["url"]
    page = (await ada.http.get(link)).text
    assert "Floor, place 3" in page
    assert "Floor, place 4" not in page
    admin = await world.operator()
    listed = await admin.get("/api/v1/admin/events/demo/bookings", headers={"Accept": "text/csv"})
    [row] = csv.DictReader(io.StringIO(listed.text))
    assert (row["quantity"], row["standing"]) == ("5", '{"section":"floor","quantity":3}')


async def test_a_refund_gives_both_back(world: World) -> None:
    await world.event()
    ada, hold = await held(world, **BOTH)
    before = (await ada.http.get("/api/v1/events/demo/availability")).json()["sections"]
    await ada.check_out(hold)
    await ada.booked(hold, "confirmed")

    await ada.http.post(f"/api/v1/bookings/{hold}/cancel")
    await ada.booked(hold, "refunded")

    after = (await ada.http.get("/api/v1/events/demo/availability")).json()["sections"]
    assert after["floor"]["free"] == before["floor"]["free"] + 3
    assert after["stalls"]["rows"]["A"].startswith("..")


async def test_a_socket_holds_both_and_a_repeat_is_the_same_hold(world: World) -> None:
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()
    async with ada.socket() as socket:
        made = (await socket.ask("hold.create", key="one", **BOTH))["hold"]

    assert made["standing"] == BOTH["standing"]
    again = await ada.hold("one", token, **BOTH)
    assert (again.status_code, again.json()["hold"]["id"]) == (201, made["id"])
    fewer: dict[str, Any] = BOTH | {"standing": {"section": "floor", "quantity": 2}}
    assert code_of(await ada.hold("one", token, **fewer)) == "idempotency_key_reused"


SEATS = ["stalls.A-1"]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"seats": SEATS, "standing": {"section": "floor"}}, "invalid_request"),
    ({"seats": SEATS, "standing": {"section": "floor", "quantity": 0}}, "invalid_request"),
    ({"seats": SEATS, "standing": {"section": "floor", "quantity": 1, "x": 1}}, "invalid_request"),
    ({"seats": SEATS, "standing": [["floor", 1]]}, "invalid_request"),
    ({"seats": SEATS, "section": "floor", "quantity": 1}, "invalid_request"),
    ({"seats": [], "standing": {"section": "floor", "quantity": 1}}, "invalid_request"),
    ({"standing": {"section": "floor", "quantity": 1}}, "invalid_request"),
    ({"section": "floor", "quantity": 1, "standing": BOTH["standing"]}, "invalid_request"),
    ({"seats": SEATS, "standing": {"section": "attic", "quantity": 1}}, "unknown_section"),
    ({"seats": SEATS, "standing": {"section": "stalls", "quantity": 1}}, "unknown_section"),
    ({"seats": SEATS, "standing": {"section": "floor", "quantity": 10}}, "limit_exceeded"),
]


async def test_what_is_asked_for_wrongly_is_refused_on_both_ways(world: World) -> None:
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()
    async with ada.socket() as socket:
        for body, code in REFUSED:
            assert code_of(await ada.hold("k", token, **body)) == code, body
            reply = await socket.ask("hold.create", key="k", **body)
            assert reply["problem"]["code"] == code, body


async def test_a_removed_hold_of_both_is_given_back_by_the_undo(world: World) -> None:
    await world.event()
    operator = await world.operator()
    ada, _ = await held(world, **BOTH)
    before = (await ada.http.get("/api/v1/events/demo/availability")).json()["sections"]
    await operator.delete(f"/api/v1/admin/events/demo/visitors/{ada.id}")
    [last, *_] = (await operator.get("/api/v1/admin/audit")).json()["entries"]

    await operator.post("/api/v1/admin/events/demo/undo", json={"entry": last["id"]})

    after = (await ada.http.get("/api/v1/events/demo/availability")).json()["sections"]
    for section in ("stalls", "floor"):
        assert after[section]["free"] == before[section]["free"]
