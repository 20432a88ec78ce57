"""Batches that Redis refuses when they are written: all of it is void, and nothing is half done."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from booking_rush.lua import commands as lua
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import ReportSockets, SetRules
from booking_rush.lua.holds.commands import FindHold, Held, HoldSeats, ReleaseHold, UnknownHold
from booking_rush.lua.keys import epoch_key, key
from booking_rush.lua.line.commands import (
    AdmitNext,
    Advanced,
    FindPlace,
    JoinLine,
    LeaveLine,
    NotInLine,
    ReadGone,
    Waiting,
)
from booking_rush.lua.recovery.commands import LoadHolds
from booking_rush.lua.saga.commands import FreeHold, MarkSold, Obeyed, RetakeHold
from tests.support.event_in_redis import (
    EVENT,
    LANE,
    EventInRedis,
    read_carts,
    read_holds,
    seated,
)
from tests.support.servers.redis_refusals import refusing
from tests.support.servers.stores import Store


@pytest.fixture
async def moves(redis: Redis) -> EventInRedis:
    return await opened(redis)


async def opened(redis: Redis) -> EventInRedis:
    return await EventInRedis(Program(redis)).open(sections=[seated("stalls", A=".....")])


async def run(moves: EventInRedis, *commands: lua.Command[Any]) -> list[Any]:
    return await moves.program.run(EVENT, moves.stamp, commands, now_ms=moves.now)


async def test_an_order_that_is_refused_is_obeyed_when_it_comes_again(
    own_redis: Store, folder: Path
) -> None:
    """Neither order has an outbox entry, and both remove something: removals Redis allows."""
    async with connect(own_redis.url) as redis:
        moves = await opened(redis)
        await moves.admit("ada", "bob")
        late = await moves.check_out("ada", "stalls.A-1", "stalls.A-2")
        sold = await moves.check_out("bob", "stalls.A-4")
        await moves.ask(FreeHold("ada", late, 5, "released", "", {}))
        [hold] = await read_holds(redis, 1, [late])
        [other] = await read_holds(redis, 1, [sold])
        await moves.ask(MarkSold(other, 2))
        before = await moves.rows()
        for order, wanted in (
            (RetakeHold(hold, 6), {"A": "hh.s."}),
            (FreeHold("bob", sold, 6, "released", "", {}), {"A": "hh..."}),
        ):
            async with refusing(own_redis, folder / "redis", "OOM"):
                [reply] = await run(moves, order)
            assert isinstance(reply, lua.Failed)
            assert await moves.rows() == before
            assert await moves.ask(order) == Obeyed()
            before = await moves.rows()
            assert before == wanted


async def test_what_was_read_of_a_refused_batch_is_refused_too(
    own_redis: Store, folder: Path
) -> None:
    async with connect(own_redis.url) as redis:
        moves = await opened(redis)
        await moves.admit("ada", "bob")
        hold = HoldSeats("h", "ada", "k", "p", ["stalls.A-1"], "", 0, "place")
        async with refusing(own_redis, folder / "redis", "OOM"):
            found = await run(
                moves, FindPlace("nobody"), JoinLine("cyd"), FindPlace("cyd"), hold, hold,
                FindHold("ada", "h"), LeaveLine("bob", "left"), FindPlace("bob"),
            )  # fmt: skip

        assert found[0] == NotInLine()
        assert [type(reply) for reply in found[1:]] == [lua.Failed] * 7
        assert await moves.ask(FindPlace("cyd")) == NotInLine()
        assert await moves.ask(FindHold("ada", "h")) == UnknownHold()


async def test_a_broken_key_of_one_visitor_fails_their_own_command(
    moves: EventInRedis, redis: Redis
) -> None:
    """It is where the first of Ada's holds was put when her second one ended."""
    await moves.admit("ada", "bob")
    for name in ("one", "two"):
        held = await moves.hold("ada", "stalls.A-1", key=name)
        await moves.ask(ReleaseHold("ada", held.id))
    await redis.delete(key(EVENT, 1, "key", "ada:one"))
    await redis.lpush(key(EVENT, 1, "key", "ada:one"), "no string")

    adas, bobs = await run(
        moves,
        moves.hold_command("ada", "stalls.A-1", key="one"),
        moves.hold_command("bob", "stalls.A-2"),
    )

    assert isinstance(adas, lua.Failed)
    assert isinstance(bobs, Held)
    assert (await moves.rows())["A"] == ".h..."


@pytest.mark.parametrize("first", ["the failure", "the closing"])
async def test_head_is_right_when_a_batch_closes_and_a_command_of_it_fails(
    moves: EventInRedis, redis: Redis, first: str
) -> None:
    await moves.join("ada", "bob", "cyd", "dan", "eve")
    await run(moves, LeaveLine("ada", "left"))
    broken, closing = MarkSold(None, 1), SetRules(2, "closed", {})  # type: ignore[arg-type]
    batch = [broken, closing] if first == "the failure" else [closing, broken]

    found = await run(moves, *batch, ReadGone(0), AdmitNext())

    assert isinstance(found[batch.index(broken)], lua.Failed)
    assert found[2].ranges == []
    assert found[3] == Advanced(0, 0, idle=True)
    assert await redis.hget(key(EVENT, 1, "lane", LANE), "head") == b"5"


async def test_the_keys_of_a_day_are_kept_by_a_recovery_too(
    moves: EventInRedis, redis: Redis
) -> None:
    await moves.admit("ada")
    held = await moves.hold("ada", "stalls.A-1")
    [one] = await read_holds(redis, 1, [held.id])
    holds = [replace(one, id=f"hold-{n:04d}", key=f"k{n}", state="released") for n in range(250)]
    await redis.delete(key(EVENT, 1, "carts"))
    run_id = moves.stamp.partition(":")[2]
    moves.stamp = f"1:{run_id}"
    await redis.set(epoch_key(EVENT), "0:closed")

    await moves.ask(LoadHolds(holds))

    cart = (await read_carts(redis, 1))["ada"]
    assert cart.hold
    assert cart.hold.key == "k249"
    assert len(await read_holds(redis, 1, [hold.id for hold in holds])) == 250
    assert await redis.get(key(EVENT, 1, "key", "ada:k7")) is not None


async def test_the_size_of_the_line_is_right_within_a_batch(moves: EventInRedis) -> None:
    found = await run(
        moves, JoinLine("ada"), JoinLine("bob"), LeaveLine("ada", "left"), JoinLine("ada"),
        FindPlace("bob"), FindPlace("ada"), ReportSockets("p", 0),
    )  # fmt: skip

    assert isinstance(found[4], Waiting)
    assert (found[4].ahead, found[5].ahead, found[5].number) == (0, 1, 3)
    assert found[6].waiting == 2
