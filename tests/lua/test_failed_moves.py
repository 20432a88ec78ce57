"""Moves that break in their middle, at every call of Redis: they leave no trace at all."""

from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.lua import commands as lua
from booking_rush.lua.client.program import Program, assemble
from booking_rush.lua.events.commands import AddSections, ReadSeats, SetRules
from booking_rush.lua.holds.commands import (
    CheckoutHold,
    ExtendHold,
    FindHold,
    HoldSeats,
    ReadHolds,
    ReleaseHold,
)
from booking_rush.lua.line.commands import (
    AdmitNext,
    AdmitVisitor,
    ClaimPass,
    FindPlace,
    JoinLine,
    LeaveLine,
    ReadGone,
)
from booking_rush.lua.saga.commands import (
    FreeHold,
    MarkSold,
    ReopenHold,
    RetakeHold,
    SetFree,
    SetRow,
)
from tests.support.event_in_redis import EVENT, EventInRedis, read_holds, seated, standing

Trace = dict[Any, Any]

COUNTED = """
local counts_calls, calls, broken_at = false, 0, {broken_at}
local real_call = call
local function call(...)
  if counts_calls then
    calls = calls + 1
    if calls == broken_at then error("broken on purpose") end
  end
  return real_call(...)
end
"""
FIRST = "local ipairs, pairs, next"
CARRIED_OUT = "local fine, result = pcall(moves[command[2]], unpack(command, 3))"


def breaking(text: str, broken_at: int) -> str:
    """Return a program in which each command breaks at its n-th call of Redis."""
    assert FIRST in text
    assert CARRIED_OUT in text
    counted = COUNTED.replace("{broken_at}", str(broken_at))
    text = text.replace(FIRST, f"{counted}{FIRST}", 1)
    return text.replace(
        CARRIED_OUT, f"counts_calls, calls = true, 0\n  {CARRIED_OUT}\n  counts_calls = false", 1
    )


async def build(redis: Redis) -> EventInRedis:
    """Bring an event to where every command has something to do. Return it."""
    await redis.flushall()
    moves = EventInRedis(Program(redis))
    sections = [seated("stalls", A="...", B="....."), standing("floor", 50)]
    await moves.open(sections=sections, rate_per_second=0, claim_seconds=30, late_seconds=600)
    await moves.admit("ada", "bob", "cyd", "dan")
    await moves.join("eve", "fay")
    await moves.hold("ada", "stalls.A-1", key="first")
    await moves.check_out("bob", "stalls.A-2")
    sold = await moves.check_out("cyd", "stalls.B-1", "stalls.B-2")
    [hold] = await read_holds(redis, 1, [sold])
    await moves.ask(MarkSold(hold, 2))
    await moves.ask(SetRules(2, "open", {"rate_per_second": 1000.0, "active_max": 100.0}))
    return moves


async def hold_of(redis: Redis, id_: str) -> Any:
    [hold] = await read_holds(redis, 1, [id_])
    return hold


COMMANDS: dict[str, lua.Command[Any]] = {
    "join": JoinLine("gus", publish=True),
    "join again": JoinLine("eve"),
    "leave from the front": LeaveLine("eve", "left"),
    "leave from the middle": LeaveLine("fay", "left"),
    "remove": LeaveLine("ada", "removed"),
    "claim": ClaimPass("dan", connecting=True),
    "find": FindPlace("fay"),
    "admit": AdmitVisitor("fay", "why"),
    "gone": ReadGone(0),
    "tick": AdmitNext(),
    "hold": HoldSeats("new", "dan", "k", "p", ["stalls.B-4", "stalls.A-3"], "", 0, "place"),
    "hold the best": HoldSeats("new", "dan", "k", "p", [], "stalls", 2, "place", publish=True),
    "hold standing": HoldSeats("new", "dan", "k", "p", [], "floor", 2, "place"),
    "hold again": HoldSeats("new", "ada", "first", "other", ["stalls.B-4"], "", 0, "place"),
    "find hold": FindHold("ada", ""),
    "read holds": ReadHolds([("ada", "hold-1"), ("cyd", "hold-3")]),
    "extend": ExtendHold("ada", "hold-1"),
    "release": ReleaseHold("ada", "hold-1"),
    "check out": CheckoutHold("ada", "hold-1", "ok"),
    "free what is being paid": FreeHold("bob", "hold-2", 5, "released", "", {}),
    "free what is sold": FreeHold("cyd", "hold-3", 5, "released", "", {"stalls.B-2": "s"}),
    "reopen": ReopenHold("bob", "hold-2", 5, 1),
    "set a row": SetRow("stalls", "A", "hh.", "..s"),
    "set free": SetFree("floor", 0, 7),
    "add sections": AddSections([seated("rows", Z="..")]),
    "read seats": ReadSeats([]),
    "new rules": SetRules(3, "paused", {"active_max": 5.0}),
    "close": SetRules(3, "closed", {}),
}


WITH_A_HOLD: dict[str, Any] = {"sell": MarkSold, "retake": RetakeHold}


async def _about(redis: Redis, command: Any, id_: str) -> lua.Command[Any]:
    made: lua.Command[Any] = command(await hold_of(redis, id_), 5)
    return made


async def trace(redis: Redis) -> Trace:
    """Return every key with its value."""
    names = sorted(await redis.keys("*"))
    return {name: await redis.dump(name) for name in names}


async def breaks(redis: Redis, text: str, name: str, broken_at: int) -> tuple[bool, bool]:
    """Break a command at its n-th call. Return whether it broke, and whether it left a trace.

    A command that changes nothing follows in the same batch.
    """
    moves = await build(redis)
    kind = WITH_A_HOLD.get(name)
    command = await _about(redis, kind, "hold-2") if kind else COMMANDS[name]
    before = await trace(redis)
    program = Program(redis, breaking(text, broken_at))
    commands: list[lua.Command[Any]] = [command, FindPlace("nobody")]
    reply, _ = await program.run(EVENT, moves.stamp, commands, now_ms=moves.now + 40_000)
    return isinstance(reply, lua.Failed), await trace(redis) != before


@pytest.mark.parametrize("name", [*COMMANDS, *WITH_A_HOLD])
async def test_a_move_that_breaks_leaves_no_trace(redis: Redis, name: str) -> None:
    broken_at = 1
    while True:
        broke, left_a_trace = await breaks(redis, assemble(), name, broken_at)
        if not broke:
            break
        assert not left_a_trace, f"broken at call {broken_at}"
        broken_at += 1
        assert broken_at < 100


async def test_a_memory_that_keeps_what_failed_is_caught(redis: Redis) -> None:
    """The mutant: the layer of a command that failed becomes the batch's with the next one."""
    text = assemble().replace("  memory.drop()\n", "", 1)
    assert text != assemble()

    found = [await breaks(redis, text, "leave from the front", n) for n in range(1, 8)]

    assert any(broke and left_a_trace for broke, left_a_trace in found)
