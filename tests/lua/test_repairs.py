"""Moves that repair: they leave alone what another hold has, and what has changed meanwhile."""

import msgspec
import pytest

from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import ReadSeats
from booking_rush.lua.holds.commands import CheckoutHold, ReadHolds
from booking_rush.lua.saga.commands import (
    FreeHold,
    InventoryMoved,
    MarkSold,
    Obeyed,
    SetFree,
    SetRow,
)
from tests.support.event_in_redis import EventInRedis, seated, standing


@pytest.fixture
async def moves(program: Program) -> EventInRedis:
    """Ada, Bob and Cyd are let in; the hall is empty."""
    moves = await EventInRedis(program).open(
        sections=(seated("stalls", A="....."), standing("floor", 20)), hold_seconds=200
    )
    await moves.admit("ada", "bob", "cyd")
    return moves


async def test_a_seat_that_another_hold_has_under_a_sale_is_held_again(moves: EventInRedis) -> None:
    """Ada's late payment took the seat that Bob holds; she gets her money back, and Bob goes on."""
    bobs = await moves.hold("bob", "stalls.A-1")
    cyds = await moves.hold("cyd", "stalls.A-2")
    [packed] = (await moves.ask(ReadHolds([("bob", bobs.id)]))).holds
    adas = msgspec.structs.replace(
        packed, id="hold-of-ada", visitor="ada", state="expired", seats=["stalls.A-1"]
    )
    await moves.ask(MarkSold(adas, 2))
    assert (await moves.rows())["A"] == "sh..."

    await moves.ask(FreeHold("ada", adas.id, 3, "released", "", {"stalls.A-1": "h"}))
    assert (await moves.rows())["A"] == "hh..."
    await moves.ask(MarkSold(adas, 4))
    await moves.ask(FreeHold("bob", bobs.id, 1, "released", "", {}))
    assert (await moves.rows())["A"] == "sh...", "only what this hold marks is freed"
    await moves.ask(FreeHold("cyd", cyds.id, 1, "released", "", {}))
    assert (await moves.rows())["A"] == "s...."


async def test_holds_are_read_as_they_are(moves: EventInRedis) -> None:
    held = await moves.hold("ada", "stalls.A-1")
    await moves.ask(CheckoutHold("ada", held.id, "ok"))

    found = await moves.ask(ReadHolds([("ada", "unknown"), ("ada", held.id)]))

    assert [(hold.id, hold.state, hold.attempt) for hold in found.holds] == [(held.id, "paying", 1)]
    assert found.now_ms == moves.now
    assert (await moves.ask(ReadHolds([]))).holds == []


async def test_a_row_is_written_only_as_it_was_read(moves: EventInRedis) -> None:
    await moves.hold("ada", "stalls.A-1")
    assert await moves.ask(SetRow("stalls", "A", ".....", ".s...")) == InventoryMoved()
    assert await moves.ask(SetRow("stalls", "A", "h....", "..")) == InventoryMoved()
    assert await moves.ask(SetRow("stalls", "Z", "h....", ".s...")) == InventoryMoved()
    assert await moves.ask(SetRow("stalls", "A", "h....", ".s...")) == Obeyed()
    assert (await moves.rows())["A"] == ".s..."


async def test_a_count_is_set_only_in_the_version_that_was_read(moves: EventInRedis) -> None:
    [read] = (await moves.ask(ReadSeats(["floor"]))).sections
    await moves.hold("ada", section="floor", quantity=2)
    assert await moves.ask(SetFree("floor", read.version, 20)) == InventoryMoved()
    [read] = (await moves.ask(ReadSeats(["floor"]))).sections
    assert await moves.ask(SetFree("floor", read.version, 20)) == Obeyed()
    assert await moves.free("floor") == 20
    assert await moves.ask(SetFree("stalls", 0, 20)) == InventoryMoved()
