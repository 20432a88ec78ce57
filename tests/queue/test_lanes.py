"""Lanes in Redis: own numbers and order, shares by weight, codes counted with the place."""

from collections import Counter
from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.lua.client.program import Program
from booking_rush.lua.events import commands as events_commands
from booking_rush.lua.keys import key
from booking_rush.lua.line import commands as line_commands
from booking_rush.lua.recovery.commands import MarkRecorded
from tests.support.event_in_redis import EVENT, EventInRedis

WEIGHTS = {"main": 1, "partners": 3, "press": 6}


async def opened(program: Program, lanes: dict[str, int], **rules: Any) -> EventInRedis:
    moves = await EventInRedis(program).open(proof_bits_max=0, **rules)
    await moves.ask(events_commands.SetRules(2, "open", {}, lanes))
    return moves


async def join(moves: EventInRedis, visitor: str, lane: str, **fields: Any) -> Any:
    return await moves.ask(line_commands.JoinLine(visitor, lane=lane, **fields))


async def fill(moves: EventInRedis, lane: str, count: int) -> None:
    """Let visitors join a lane, all of them recorded."""
    names = [f"{lane} {n}" for n in range(count)]
    commands = [line_commands.JoinLine(name, lane=lane) for name in names]
    for at in range(0, count, 500):
        await moves.program.run(EVENT, moves.stamp, commands[at : at + 500], now_ms=moves.now)
    await moves.ask(MarkRecorded("0-1", {lane: count}))


async def test_a_lane_counts_its_own_numbers_and_who_is_ahead_in_it(program: Program) -> None:
    moves = await opened(program, {"main": 1, "press": 2})

    places = [await join(moves, *one) for one in (("ada", "main"), ("bob", "press"))]
    cyd = await join(moves, "cyd", "press")

    assert [(place.lane, place.number) for place in places] == [("main", 1), ("press", 1)]
    assert (cyd.number, cyd.ahead, cyd.waiting) == (2, 1, 3)


async def test_while_all_lanes_wait_their_shares_are_their_weights(
    program: Program, redis: Redis
) -> None:
    moves = await opened(program, WEIGHTS, rate_per_second=200, active_max=10_000)
    for lane in WEIGHTS:
        await fill(moves, lane, 3000)

    admitted = sum([await moves.tick(after_s=0.1) for _ in range(150)])

    waiting = {lane: await redis.zcard(key(EVENT, 1, "line", lane)) for lane in WEIGHTS}
    shares = {lane: (3000 - left) / admitted for lane, left in waiting.items()}
    assert 2900 < admitted <= 3000
    assert shares == pytest.approx({"main": 0.1, "partners": 0.3, "press": 0.6}, abs=0.001)


async def test_in_a_lane_nobody_is_admitted_before_a_smaller_number(
    program: Program, redis: Redis
) -> None:
    moves = await opened(program, WEIGHTS, rate_per_second=70)
    for lane in WEIGHTS:
        await fill(moves, lane, 30)

    for _ in range(5):
        await moves.tick(after_s=0.1)
        for lane in WEIGHTS:
            left = await redis.zrange(key(EVENT, 1, "line", lane), 0, -1)
            assert left == [f"{lane} {n}".encode() for n in range(30 - len(left), 30)]


async def test_an_empty_lane_leaves_its_share_and_saves_nothing_up(
    program: Program, redis: Redis
) -> None:
    moves = await opened(program, WEIGHTS, rate_per_second=20, active_max=1000)
    await fill(moves, "main", 100)

    first = sum([await moves.tick(after_s=0.1) for _ in range(20)])
    await fill(moves, "partners", 100)
    before = await redis.zcard(key(EVENT, 1, "line", "main"))
    then = sum([await moves.tick(after_s=0.1) for _ in range(20)])

    assert first >= 38  # all of the rate went to those who waited
    of_main = before - await redis.zcard(key(EVENT, 1, "line", "main"))
    assert of_main == pytest.approx(then / 4, abs=1)


async def test_a_late_visitor_takes_every_second_slot_at_most(program: Program) -> None:
    moves = await opened(
        program, {"main": 1, "press": 1}, rate_per_second=10, claim_seconds=1, late_seconds=60
    )
    late = [f"late {n}" for n in range(5)]
    await moves.join(*late)
    for _ in range(20):
        await moves.tick(after_s=0.1)
    await moves.tick(after_s=2)
    for visitor in late:
        await moves.ask(line_commands.ClaimPass(visitor, connecting=False))
    for lane in ("main", "press"):
        await fill(moves, lane, 20 if lane == "press" else 25)

    states = Counter[str]()
    for _ in range(8):
        await moves.tick(after_s=0.1)
    for visitor in [*late, *(f"{lane} {n}" for lane in ("main", "press") for n in range(5))]:
        place = await moves.ask(line_commands.FindPlace(visitor))
        if isinstance(place, line_commands.Admitted):
            states[visitor.split()[0]] += 1
    assert states["late"] <= states["main"] + states["press"] + 1
    assert min(states.values()) >= 2


async def test_a_lane_that_is_removed_keeps_its_visitors_and_takes_no_more(
    program: Program,
) -> None:
    moves = await opened(program, WEIGHTS, rate_per_second=0)
    await fill(moves, "press", 3)
    await moves.ask(events_commands.SetRules(3, "open", {"rate_per_second": 500}, {"main": 1}))

    refused = await join(moves, "eve", "press", code="c", uses=5)
    for _ in range(3):
        await moves.tick(after_s=1)

    assert refused == line_commands.UnknownCode()
    for n in range(3):
        place = await moves.ask(line_commands.FindPlace(f"press {n}"))
        assert isinstance(place, line_commands.Admitted)


async def test_a_code_is_used_by_so_many_visitors_however_often_they_ask(
    program: Program, redis: Redis
) -> None:
    moves = await opened(program, {"main": 1, "press": 2})
    by_code = {"code": "c1", "uses": 2}

    first = await join(moves, "ada", "press", **by_code)
    again = await join(moves, "ada", "press", **by_code)
    await moves.ask(line_commands.LeaveLine("ada", "left"))
    back = await join(moves, "ada", "press", **by_code)
    second = await join(moves, "bob", "press", **by_code)

    assert (first.number, again.number, again.again, back.number) == (1, 1, True, 2)
    assert second.number == 3
    assert await join(moves, "cyd", "press", **by_code) == line_commands.CodeUsedUp()
    assert await redis.hget(key(EVENT, 1, "codes"), "c1") == b"2"


async def test_a_visitor_in_line_keeps_the_place_whatever_code_comes(program: Program) -> None:
    moves = await opened(program, {"main": 1, "press": 2})
    await join(moves, "ada", "main")

    place = await join(moves, "ada", "press", code="c1", uses=1)

    assert (place.lane, place.number) == ("main", 1)
    assert (await join(moves, "bob", "press", code="c1", uses=1)).lane == "press"


async def test_a_full_line_uses_no_code(program: Program, redis: Redis) -> None:
    moves = await opened(program, {"main": 1, "press": 2}, waiting_max=1)
    await join(moves, "ada", "main")

    refused = await join(moves, "bob", "press", code="c1", uses=1)

    assert refused == line_commands.LineFull()
    assert not await redis.exists(key(EVENT, 1, "codes"))


async def test_closing_ends_every_lane(program: Program, redis: Redis) -> None:
    moves = await opened(program, WEIGHTS)
    for lane in WEIGHTS:
        await fill(moves, lane, 2)

    await moves.ask(events_commands.SetRules(3, "closed", {}))

    for lane in WEIGHTS:
        assert not await redis.exists(key(EVENT, 1, "line", lane))
        assert await redis.hget(key(EVENT, 1, "lane", lane), "head") == b"2"
