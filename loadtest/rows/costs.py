"""Benchmark of moves: the calls, bytes and time that each kind, and a tick, costs Redis."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from redis.asyncio import Redis

from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import Command, Failed
from booking_rush.lua.events.commands import SectionInventory
from booking_rush.lua.holds.commands import (
    CheckoutHold,
    ExtendHold,
    FindHold,
    HoldSeats,
    ReleaseHold,
)
from booking_rush.lua.line.commands import AdmitNext, ClaimPass, FindPlace, JoinLine, LeaveLine
from booking_rush.lua.recovery.commands import RecordedPlace
from loadtest.environment import Stores
from loadtest.loaded_event import load_event
from loadtest.reporting import report

BATCH, BATCHES = 100, 20
COUNT = BATCH * BATCHES
TICKS, WAITING = 200, (1_000, 5_000, 20_000)
NEVER_MS = 4_000_000_000_000
RULES = {"rate_per_second": 10, "active_max": 1_000_000, "waiting_max": 1_000_000}
ALL = {**RULES, "fairness": "windows", "lanes": {"main": 3, "press": 1}, "join_share_max": 0.01}
DEFERRED = 2_000  # joins of 40 blocks, of which most are over their shares
Make = Callable[[int], Command[Any]]

# In this order: later kinds need what earlier ones did. `v` are admitted visitors, `w` others.
KINDS: dict[str, Make] = {
    "join": lambda n: JoinLine(f"w{n}"),
    "find place": lambda n: FindPlace(f"w{n}"),
    "claim": lambda n: ClaimPass(f"v{n}", connecting=False),
    "hold": lambda n: HoldSeats(f"h{n}", f"v{n}", "k", "p", [f"s.R{n // 100}-{n % 100 + 1}"],
                                "", 0, "place"),
    "find hold": lambda n: FindHold(f"v{n}", f"h{n}"),
    "extend": lambda n: ExtendHold(f"v{n}", f"h{n}"),
    "release": lambda n: ReleaseHold(f"v{n}", f"h{n}"),
    "hold again": lambda n: HoldSeats(f"i{n}", f"v{n}", "l", "p", [], "f", 1, "place"),
    "checkout": lambda n: CheckoutHold(f"v{n}", f"i{n}", "ok"),
    "leave": lambda n: LeaveLine(f"w{n}", "left"),
}  # fmt: skip


async def costs() -> None:
    """Measure every kind in batches of 100, then ticks with more and more who wait."""
    async with Stores() as (redis, _):
        program = Program(redis)
        stamp = await _load(redis, epoch=1, admitted=COUNT, waiting=0)
        for kind, make in KINDS.items():
            commands = [make(n) for n in range(COUNT)]
            before = await _spent(redis)
            for at in range(0, COUNT, BATCH):
                replies = await program.run("demo", stamp, commands[at : at + BATCH])
                assert not any(isinstance(reply, Failed) for reply in replies), replies[0]
            await _report(kind, redis, before, COUNT, len(msgspec.msgpack.encode(commands)))
        for epoch, waiting in enumerate(WAITING, 2):
            stamp = await _load(redis, epoch=epoch, admitted=0, waiting=waiting)
            before = await _spent(redis)
            for _ in range(TICKS):
                await program.run("demo", stamp, [AdmitNext()])
            await _report(f"tick, {waiting:,} waiting", redis, before, TICKS, 0)
        for epoch, waiting in enumerate(WAITING, 2 + len(WAITING)):
            await _ticks_with_all(redis, epoch, waiting)


async def _ticks_with_all(redis: Redis, epoch: int, waiting: int) -> None:
    """Measure ticks with lanes, windows, shares and deferred joins, of which people wait."""
    program = Program(redis)
    stamp = await _load(redis, epoch=epoch, admitted=0, waiting=waiting, rules=ALL)
    joins = [JoinLine(f"d{n}", block=f"b{n % 40}") for n in range(DEFERRED)]
    replies = await program.run("demo", stamp, joins)
    assert not any(isinstance(reply, Failed) for reply in replies), replies[0]
    before = await _spent(redis)
    for turn in range(TICKS):
        people = [JoinLine(f"p{turn}-{n}", block=f"p{turn}-{n}") for n in range(2)]
        await program.run("demo", stamp, [*people, AdmitNext()])
    await _report(f"tick with all rules, {waiting:,} waiting", redis, before, TICKS, 0)


async def _spent(redis: Redis) -> tuple[int, float]:
    """Return how many calls Redis has carried out, and how many seconds of CPU it took."""
    calls: Any = await redis.info("commandstats")
    cpu: Any = await redis.info("cpu")
    ours = sum(one["calls"] for name, one in calls.items() if name not in OWN)
    return ours, cpu["used_cpu_user"] + cpu["used_cpu_sys"]


OWN = {"cmdstat_info"}


async def _report(
    name: str, redis: Redis, before: tuple[int, float], count: int, size: int
) -> None:
    calls, seconds = await _spent(redis)
    report(f"cost of {name}", calls=(calls - before[0]) / count,
           us=(seconds - before[1]) / count * 1e6, bytes_sent=size // count)  # fmt: skip


async def _load(
    redis: Redis, *, epoch: int, admitted: int, waiting: int, rules: Mapping[str, Any] = RULES
) -> str:
    """Load an open event with so many visitors. Return its stamp."""
    rows = [(f"R{n}", "." * 100) for n in range(COUNT // 100)]
    sections = [
        SectionInventory("s", "seated", 100, "EUR", COUNT, rows),
        SectionInventory("f", "standing", 100, "EUR", COUNT, []),
    ]
    now = int(time.time() * 1000)
    places = [
        RecordedPlace(f"v{n}", n + 1, now, "admitted", 1, now, NEVER_MS)
        if n < admitted
        else RecordedPlace(f"v{n}", n + 1, now, "waiting", 0, 0, 0)
        for n in range(admitted + waiting)
    ]
    gate = await load_event(redis, epoch=epoch, sections=sections, places=places, rules=rules)
    return gate.stamp
