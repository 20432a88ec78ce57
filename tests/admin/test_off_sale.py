"""Seats taken off sale and put back: free ones alone, told to the house, alike in both stores."""

import asyncio

import httpx
import pytest
from redis.asyncio import Redis

from booking_rush.booking.saga.reconciliation import Comparison
from tests.support.clients import code_of, until
from tests.support.world import World, held

A = "/api/v1/admin/events/demo"
SEATS = ["stalls.A-1", "stalls.A-2", "stalls.B-3"]


async def change(operator: httpx.AsyncClient, act: str, seats: list[str]) -> httpx.Response:
    return await operator.post(f"{A}/seats/{act}", json={"seats": seats})


async def stalls(operator: httpx.AsyncClient) -> dict[str, str]:
    """The rows of the stalls as visitors are told them."""
    answer = await operator.get("/api/v1/events/demo/availability")
    rows: dict[str, str] = answer.json()["sections"]["stalls"]["rows"]
    return rows


async def agree(world: World) -> bool:
    comparison = Comparison(
        world.services.pool, world.services.rooms.events, world.services.payments
    )
    return await comparison.of("demo") == []


async def test_free_seats_come_off_sale_and_go_back(world: World) -> None:
    await world.event()
    operator = await world.operator()
    await held(world, seats=["stalls.A-2"])
    visitor = await world.visitor()
    token = await visitor.admitted()
    async with visitor.socket() as socket:
        await socket.ask("seats.watch", section="stalls")
        closed = await change(operator, "close", SEATS)
        delta = await socket.until("seats.delta")

    assert closed.json() == {"seats": ["stalls.A-1", "stalls.B-3"], "conflicts": ["stalls.A-2"]}
    assert {state for _, state in delta["changes"]} == {"closed"}
    assert (await stalls(operator))["A"].startswith("xh.")
    assert (await operator.get(f"{A}/stats")).json()["stats"]["free"] == 22 + 50 - 3
    refused = await visitor.hold("one", token, seats=["stalls.A-1"])
    assert code_of(refused) == "seats_taken"
    await until(lambda: agree(world))

    opened = await change(operator, "open", SEATS)
    again = await change(operator, "open", SEATS)

    assert opened.json()["seats"] == ["stalls.A-1", "stalls.B-3"]
    assert again.json() == {"seats": [], "conflicts": SEATS}
    assert (await visitor.hold("two", token, seats=["stalls.A-1"])).status_code == 201
    await until(lambda: agree(world))
    entries = (await operator.get("/api/v1/admin/audit")).json()["entries"]
    acts = [(entry["what"], entry["detail"]["count"]) for entry in entries[:2]]
    assert acts == [("open_seats", 2), ("close_seats", 2)]


async def test_seats_stay_off_sale_when_redis_is_lost(world: World, redis: Redis) -> None:
    await world.event()
    operator = await world.operator()
    await change(operator, "close", SEATS)

    await redis.flushall()
    gate = world.services.rooms.batcher("demo").gate
    await until(lambda: gate.is_open and gate.epoch == 2)

    async def closed() -> bool:
        rows = await stalls(operator)
        return rows["A"].startswith("xx.") and rows["B"].startswith("..x")

    await until(closed)
    exported = (await operator.get(f"{A}/export")).json()
    assert exported["sections"][0]["closed"] == SEATS


async def test_acts_at_the_same_time_leave_both_stores_alike(world: World) -> None:
    await world.event()
    operator = await world.operator()
    visitor = await world.visitor()
    token = await visitor.admitted()
    row = [f"stalls.B-{number}" for number in range(1, 13)]

    await asyncio.gather(
        *(change(operator, "close", [seat]) for seat in row[:6]),
        change(operator, "close", row),
        visitor.hold("one", token, seats=row[8:10]),
        change(operator, "open", row[:2]),
    )

    await until(lambda: agree(world))


@pytest.mark.parametrize(
    ("seats", "status", "code"),
    [
        ([], 400, "invalid_request"),
        (["stalls"], 400, "invalid_request"),
        (["stalls.A-11"], 404, "unknown_seat"),
        (["floor.A-1"], 404, "unknown_seat"),
        (["stalls.A-1", "balcony.A-1"], 404, "unknown_seat"),
    ],
)
async def test_what_is_no_seat_of_the_event_changes_nothing(
    world: World, seats: list[str], status: int, code: str
) -> None:
    await world.event()
    operator = await world.operator()

    refused = await change(operator, "close", seats)

    assert (refused.status_code, code_of(refused)) == (status, code)
    assert (await stalls(operator))["A"] == "." * 10


async def test_a_closed_event_keeps_its_seats_as_they_are(world: World) -> None:
    await world.event(state="closed")
    operator = await world.operator()

    for act in ("close", "open"):
        refused = await change(operator, act, SEATS)
        assert (refused.status_code, code_of(refused)) == (409, "wrong_state")
