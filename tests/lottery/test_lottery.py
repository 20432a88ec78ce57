"""A lottery and windows as visitors meet them, and how everybody checks them afterwards."""

import hashlib
from contextlib import AsyncExitStack
from typing import Any

import jwt
import pytest

from booking_rush.queue.lottery.draw import LOTTERY, Draw
from tests.lottery.calendar import calendar
from tests.support.clients import Frame, until
from tests.support.world import World

MANY = 12
LOTTERY_RULES = {"fairness": "lottery", "active_max": 0}
WINDOW_RULES = {"fairness": "windows", "window_seconds": 1, "active_max": 0}


def receipt_of(place: Frame) -> Frame:
    return jwt.decode(place["receipt"], options={"verify_signature": False})


async def act(world: World, action: str) -> Frame:
    operator = await world.operator()
    answer = await operator.post(f"/api/v1/admin/events/demo/{action}")
    assert answer.status_code == 200, answer.text
    event: Frame = answer.json()["event"]
    return event


async def read_event(world: World) -> Frame:
    visitor = await world.visitor()
    event: Frame = (await visitor.http.get("/api/v1/events/demo")).json()["event"]
    return event


async def test_a_lottery_from_the_lobby_to_the_numbers_that_everybody_can_check(
    world: World,
) -> None:
    await world.event(state="scheduled", rules=LOTTERY_RULES)
    before = (await read_event(world))["lottery"]
    assert before["seed"] is None

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(calendar(world))
        sockets = [
            await stack.enter_async_context((await world.visitor()).socket()) for _ in range(MANY)
        ]
        lobby = [(await socket.ask("queue.join"))["place"] for socket in sockets]
        assert {(p["state"], p["number"], p["ahead"]) for p in lobby} == {("lobby", None, None)}
        receipts = [receipt_of(place) for place in lobby]
        assert [receipt["index"] for receipt in receipts] == list(range(1, MANY + 1))
        assert {receipt["commitment"] for receipt in receipts} == {before["commitment"]}

        assert (await act(world, "open"))["state"] == "drawing"
        joined = [(await socket.until("queue.joined"))["place"] for socket in sockets]
        opened = await sockets[0].until("room.state", state="open")

    seed = bytes.fromhex(opened["lottery"]["seed"])
    assert hashlib.sha256(seed).hexdigest() == before["commitment"]
    draw = Draw("main", LOTTERY, 1, MANY)
    assert [place["number"] for place in joined] == [
        draw.number(seed, receipt["index"]) for receipt in receipts
    ]
    assert all(place["ahead"] == place["number"] - 1 for place in joined)
    assert (await read_event(world))["lottery"]["seed"] == seed.hex()


async def test_the_seed_is_told_to_nobody_before_the_draw(world: World) -> None:
    await world.event(state="scheduled", rules=LOTTERY_RULES)
    seed = await world.services.pool.fetchval("SELECT lottery_seed FROM events")
    visitor, operator = await world.visitor(), await world.operator()
    await visitor.http.post("/api/v1/events/demo/queue")

    told = [
        (await visitor.http.get(path)).text
        for path in ("/api/v1/events", "/api/v1/events/demo", "/api/v1/events/demo/queue")
    ]
    told += [
        (await operator.get(path)).text
        for path in ("/api/v1/admin/events/demo", "/api/v1/admin/audit", "/metrics")
    ]
    redis = world.services.redis
    for name in await redis.keys("*"):
        kind: Any = await redis.type(name)
        if kind == b"hash":
            found: Any = await redis.hgetall(name)
            told += [value.hex() for value in found.values()]

    assert all(seed.hex() not in text for text in told)


async def test_a_place_in_a_window_is_told_its_number_when_the_window_is_over(
    world: World,
) -> None:
    await world.event(rules=WINDOW_RULES)
    visitors = [await world.visitor() for _ in range(4)]

    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(visitor.socket()) for visitor in visitors]
        lobby = [(await socket.ask("queue.join"))["place"] for socket in sockets]
        assert {(place["state"], place["number"]) for place in lobby} == {("lobby", None)}
        assert all(place["window"] == receipt_of(place)["window"] for place in lobby)
        joined = [(await socket.until("queue.joined"))["place"] for socket in sockets]

    assert sorted(place["number"] for place in joined) == [1, 2, 3, 4]
    windows = (await read_event(world))["windows"]
    assert windows == {"seconds": 1, "commitment": windows["commitment"], "key": None}

    await act(world, "close")
    key = bytes.fromhex((await read_event(world))["windows"]["key"])
    assert hashlib.sha256(key).hexdigest() == windows["commitment"]
    rows = await world.services.pool.fetch("SELECT lane, window_, first, last FROM draws")
    draws = {row["window_"]: Draw(*row) for row in rows}
    for place in joined:
        receipt = receipt_of(place)
        assert draws[place["window"]].number(key, receipt["index"]) == place["number"]


async def test_fairness_stays_as_people_have_joined_by_it(world: World) -> None:
    await world.event(state="open")
    operator = await world.operator()

    answer = await operator.patch("/api/v1/admin/events/demo/rules", json={"fairness": "lottery"})

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize("by_the_clock", [False, True])
@pytest.mark.parametrize("has_lobby", [False, True])
async def test_a_lottery_that_was_called_off_draws_for_those_of_its_lobby_alone(
    world: World, has_lobby: bool, by_the_clock: bool
) -> None:
    await world.event(state="scheduled", rules=LOTTERY_RULES)
    operator = await world.operator()
    if has_lobby:
        ada = await world.visitor()
        assert (await ada.http.post("/api/v1/events/demo/queue")).json()["place"]["number"] is None
    await operator.patch("/api/v1/admin/events/demo/rules", json={"fairness": "arrival"})

    if by_the_clock:
        await world.services.pool.execute("UPDATE events SET opens_at = now()")
        assert await world.catalogue.apply_schedule() == ["demo"]
        state = (await world.catalogue.event("demo")).state
    else:
        state = (await operator.post("/api/v1/admin/events/demo/open")).json()["event"]["state"]

    assert state == ("drawing" if has_lobby else "open")


async def test_who_joined_by_arrival_before_a_lottery_keeps_the_number(world: World) -> None:
    await world.event(state="scheduled", rules={"active_max": 0})
    first, second = await world.visitor(), await world.visitor()
    assert (await first.http.post("/api/v1/events/demo/queue")).json()["place"]["number"] == 1
    operator = await world.operator()
    answer = await operator.patch("/api/v1/admin/events/demo/rules", json={"fairness": "lottery"})
    assert answer.status_code == 200

    async def is_lobby() -> bool:
        await second.http.delete("/api/v1/events/demo/queue")
        place = (await second.http.post("/api/v1/events/demo/queue")).json()["place"]
        return place["number"] is None

    await until(is_lobby)
    async with calendar(world):
        await act(world, "open")

        async def number() -> int | None:
            place = (await second.http.get("/api/v1/events/demo/queue")).json()["place"]
            found: int | None = place["number"]
            return found

        assert await until(number) > 1
    assert (await first.http.get("/api/v1/events/demo/queue")).json()["place"]["number"] == 1


async def test_an_event_with_a_time_of_opening_draws_lots_unless_it_is_said(world: World) -> None:
    at = "2030-01-01T00:00:00Z"
    drawn = await world.event("drawn", state="scheduled", opens_at=at)
    by_arrival = await world.event("by-arrival", state="scheduled")
    said = await world.event("said", state="scheduled", opens_at=at, rules={"fairness": "arrival"})

    assert [event.rules.fairness for event in (drawn, by_arrival, said)] == [
        "lottery", "arrival", "arrival",
    ]  # fmt: skip
    assert drawn.lottery is not None
    assert said.lottery is None
