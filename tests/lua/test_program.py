"""Program: batches in order, failures alone, the epoch gate, and the recovery's own moves."""

import asyncio
from typing import Any, TypeVar

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisDownError

from booking_rush.errors import Busy, Recovering, TryAgain
from booking_rush.lua import commands as lua
from booking_rush.lua.client.batcher import BATCH_MAX, WAITING_MAX, Batcher
from booking_rush.lua.client.connection import RedisUnfitError, check
from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.lua.client.program import MoveFailedError, Program
from booking_rush.lua.events import commands as events_commands
from booking_rush.lua.events.commands import ReadSeats
from booking_rush.lua.holds.commands import CheckoutHold, ExtendHold, HoldSeats, ReleaseHold
from booking_rush.lua.keys import KEYS, epoch_key, key
from booking_rush.lua.line import commands as line_commands
from booking_rush.lua.recovery import commands as recovery_commands
from tests.support.event_in_redis import EVENT, LANE, EventInRedis, seated, standing

R = TypeVar("R")


@pytest.fixture
async def moves(program: Program) -> EventInRedis:
    return await EventInRedis(program).open()


@pytest.fixture
def batcher(moves: EventInRedis, program: Program) -> Batcher:
    gate = EpochGate(EVENT)
    number, _, run_id = moves.stamp.partition(":")
    gate.compare(int(number), moves.stamp, run_id)
    return Batcher(program, gate)


async def test_a_batch_is_answered_in_order(moves: EventInRedis, program: Program) -> None:
    commands = [
        line_commands.JoinLine("ada"),
        line_commands.LeaveLine("bob", "left"),
        line_commands.LeaveLine("ada", "left"),
    ]

    replies = await program.run(EVENT, moves.stamp, commands)

    assert [type(reply) for reply in replies] == [
        line_commands.Waiting,
        line_commands.NotInLine,
        line_commands.Left,
    ]


async def test_what_fails_spoils_no_neighbour(
    moves: EventInRedis, program: Program, redis: Redis
) -> None:
    await moves.join("ada")
    await redis.hset(key(EVENT, 1, "places"), "bob", b"\xc1 no MessagePack")

    broken, fine = await program.run(
        EVENT, moves.stamp, [line_commands.FindPlace("bob"), line_commands.FindPlace("ada")]
    )

    assert isinstance(broken, lua.Failed)
    assert isinstance(fine, line_commands.Waiting)


COMMANDS: list[lua.Command[Any]] = [
    HoldSeats("h", "ada", "k", "p", ["stalls.A-1"], "", 0, "place"),
    HoldSeats("i", "bob", "k", "p", [], "stalls", 1, "place"),
    ExtendHold("ada", "hold-1"),
    CheckoutHold("ada", "hold-1", "ok"),
    ReadSeats([]),
    line_commands.JoinLine("eve"),
    line_commands.JoinLine("fay", lane=LANE, code="c", uses=1),
    events_commands.SetRules(1, "open", {"windows": 1, "window_seconds": 2}),
    line_commands.JoinLine("zoe"),
    line_commands.LeaveLine("ada", "left"),
    line_commands.ClaimPass("ada", connecting=True),
    line_commands.FindPlace("ada"),
    line_commands.AdmitVisitor("ada", "why"),
    ReleaseHold("bob", "hold-1"),
    events_commands.ReportSockets("p", 1),
    line_commands.ReadGone(0),
    line_commands.AdmitNext(),
    recovery_commands.MarkRecorded("9-9", {LANE: 1}),
]
CLOSE = events_commands.SetRules(2, "closed", {})


# These are read by joins in a rush, or from a known address: tests/joining/test_proof_moves.py.
# Keys that these commands do not read: none comes from a block, with a proof, or again.
UNREAD = ("proofs", "recent", "blocks", "deferrals", "key")


@pytest.mark.parametrize("wrong", [known.name for known in KEYS if known.name not in UNREAD])
async def test_a_key_of_another_type_fails_a_move_and_no_neighbour(
    wrong: str, moves: EventInRedis, program: Program, redis: Redis
) -> None:
    """Every command has a reply, Failed or its own, with any one key broken."""
    await moves.open(epoch=2, sections=[seated("stalls", A="..."), standing("floor", 5)])
    await moves.admit("ada", "bob")
    await moves.hold("ada", "stalls.A-2", key="before")
    parts = ("", LANE, "ada", "h", "hold-1")
    for part in parts:
        name = key(EVENT, 2, wrong, part)
        await redis.delete(name)
        await redis.lpush(name, "a list is what no key of ours is")

    replies = await program.run(EVENT, moves.stamp, COMMANDS)

    assert len(replies) == len(COMMANDS)
    assert any(isinstance(reply, lua.Failed) for reply in replies)
    assert len(await program.run(EVENT, moves.stamp, [CLOSE])) == 1
    await redis.set("another", "still here")


async def test_a_failed_move_is_raised_to_who_asked(moves: EventInRedis, redis: Redis) -> None:
    await redis.hset(key(EVENT, 1, "places"), "bob", b"\xc1")

    with pytest.raises(MoveFailedError, match="Bad data"):
        await moves.ask(line_commands.FindPlace("bob"))


@pytest.mark.parametrize("change", ["2:{run_id}", "1:0123456789abcdef", "1:closed", None])
async def test_another_epoch_or_another_redis_does_nothing(
    change: str | None, moves: EventInRedis, redis: Redis
) -> None:
    if change is None:
        await redis.delete(epoch_key(EVENT))
    else:
        await redis.set(epoch_key(EVENT), change.format(run_id=moves.stamp.partition(":")[2]))

    with pytest.raises(Recovering):
        await moves.ask(line_commands.JoinLine("ada"))
    assert await redis.exists(key(EVENT, 1, "line", LANE), key(EVENT, 1, "outbox")) == 0


async def test_a_stamp_of_another_redis_does_nothing_even_where_it_is_stored(
    moves: EventInRedis, redis: Redis
) -> None:
    """Copying an AOF into a new Redis copies the old epoch's key, too."""
    await redis.set(epoch_key(EVENT), "1:0123456789abcdef")

    with pytest.raises(Recovering):
        await moves.ask(line_commands.JoinLine("ada"), stamp="1:0123456789abcdef")


async def test_the_program_is_loaded_again_when_redis_forgot_it(
    moves: EventInRedis, redis: Redis
) -> None:
    await redis.script_flush()

    assert isinstance(await moves.ask(line_commands.JoinLine("ada")), line_commands.Waiting)


# The recovery's moves


async def test_a_closed_epoch_lets_nothing_through(moves: EventInRedis) -> None:
    assert await moves.ask(recovery_commands.CloseEpoch(1)) == recovery_commands.EpochClosed()

    with pytest.raises(Recovering):
        await moves.ask(line_commands.JoinLine("ada"))


async def test_closing_again_is_closing(moves: EventInRedis) -> None:
    await moves.ask(recovery_commands.CloseEpoch(1))

    assert await moves.ask(recovery_commands.CloseEpoch(1)) == recovery_commands.EpochClosed()


async def test_neither_closing_nor_opening_replaces_a_greater_epoch(
    moves: EventInRedis, redis: Redis
) -> None:
    run_id = moves.stamp.partition(":")[2]
    await redis.set(epoch_key(EVENT), f"7:{run_id}")

    assert await moves.ask(recovery_commands.CloseEpoch(1)) == recovery_commands.EpochPassed(7)
    assert await moves.ask(
        recovery_commands.OpenEpoch(), stamp=f"2:{run_id}"
    ) == recovery_commands.EpochPassed(7)


async def test_opening_works_only_in_the_redis_that_it_names(moves: EventInRedis) -> None:
    await moves.ask(recovery_commands.CloseEpoch(1))

    assert await moves.ask(
        recovery_commands.OpenEpoch(), stamp="2:0123456789abcdef"
    ) == recovery_commands.EpochPassed(1)


async def test_what_was_flushed_while_it_was_loaded_is_not_opened(
    moves: EventInRedis, redis: Redis
) -> None:
    run_id = moves.stamp.partition(":")[2]
    await moves.ask(recovery_commands.CloseEpoch(1))
    load = recovery_commands.LoadEvent(1, "open", {}, {LANE: 5}, {LANE: 5}, {})
    assert await moves.ask(load, stamp=f"2:{run_id}") == recovery_commands.Loaded()
    await redis.flushall()

    assert await moves.ask(
        recovery_commands.OpenEpoch(), stamp=f"2:{run_id}"
    ) == recovery_commands.EpochPassed(-1)
    assert await moves.ask(load, stamp=f"2:{run_id}") == recovery_commands.EpochPassed(-1)
    assert await moves.ask(
        recovery_commands.LoadPlaces([]), stamp=f"2:{run_id}"
    ) == recovery_commands.EpochPassed(-1)


async def test_who_loads_late_writes_nothing_into_an_open_epoch(moves: EventInRedis) -> None:
    await moves.join("ada")
    load = recovery_commands.LoadEvent(1, "open", {}, {LANE: 0}, {LANE: 0}, {})

    assert await moves.ask(load) == recovery_commands.EpochPassed(1)
    assert await moves.join("bob") == [2]


# The batcher


async def test_many_callers_share_a_batch_and_keep_their_order(batcher: Batcher) -> None:
    visitors = [f"v{n}" for n in range(3 * BATCH_MAX)]

    places = await asyncio.gather(
        *(batcher.do(line_commands.JoinLine(visitor)) for visitor in visitors)
    )

    numbers = [place.number for place in places if isinstance(place, line_commands.Waiting)]
    assert numbers == list(range(1, 3 * BATCH_MAX + 1))


async def test_a_caller_who_goes_away_cancels_nothing(batcher: Batcher) -> None:
    gone = asyncio.create_task(_await(batcher.do(line_commands.JoinLine("ada"))))
    stays = batcher.do(line_commands.JoinLine("bob"))
    gone.cancel()

    bob = await stays
    ada = await batcher.do(line_commands.FindPlace("ada"))

    assert isinstance(bob, line_commands.Waiting)
    assert isinstance(ada, line_commands.Waiting)
    assert (ada.number, bob.number) == (1, 2)


async def _await(future: asyncio.Future[R]) -> R:
    return await future


async def test_a_shut_gate_lets_nobody_queue_up(batcher: Batcher) -> None:
    batcher.gate.shut()

    with pytest.raises(Recovering):
        batcher.do(line_commands.JoinLine("ada"))


async def test_a_lost_epoch_shuts_the_gate(batcher: Batcher, redis: Redis) -> None:
    await redis.delete(epoch_key(EVENT))

    with pytest.raises(Recovering):
        await batcher.do(line_commands.JoinLine("ada"))
    assert not batcher.gate.is_open


async def test_a_lost_answer_is_not_asked_for_again(
    batcher: Batcher, monkeypatch: pytest.MonkeyPatch, program: Program, redis: Redis
) -> None:
    carry_out = program.run

    async def lose_the_answer(*arguments: object) -> object:
        await carry_out(*arguments)  # type: ignore[arg-type]
        raise RedisDownError("the answer is lost")

    monkeypatch.setattr(program, "run", lose_the_answer)
    with pytest.raises(TryAgain):
        await batcher.do(line_commands.JoinLine("ada"))

    monkeypatch.undo()
    assert await redis.hget(key(EVENT, 1, "lane", LANE), "given") == b"1"
    again = await batcher.do(line_commands.JoinLine("ada"))
    assert isinstance(again, line_commands.Waiting)
    assert again.again


async def test_the_queue_in_front_of_redis_is_bounded(batcher: Batcher) -> None:
    asked = [batcher.do(line_commands.FindPlace("ada")) for _ in range(WAITING_MAX)]

    with pytest.raises(Busy):
        batcher.do(line_commands.FindPlace("ada"))
    await asyncio.gather(*asked)


async def test_a_redis_that_evicts_is_refused(redis: Redis) -> None:
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(RedisUnfitError, match="noeviction"):
            await check(redis)
    finally:
        await redis.config_set("maxmemory-policy", "noeviction")
    await check(redis)
