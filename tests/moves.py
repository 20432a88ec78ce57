"""One event in Redis, asked directly; the test owns the clock."""

from typing import Any, TypeVar

from redis.asyncio import Redis

from booking_rush.lua.commands import (
    AdmitNext,
    CloseEpoch,
    Command,
    JoinLine,
    Loaded,
    LoadEvent,
    MarkRecorded,
    OpenEpoch,
    RoomState,
    Waiting,
)
from booking_rush.lua.keys import key
from booking_rush.lua.program import Program
from booking_rush.queue.rules import rules_of

R = TypeVar("R")

EVENT = "demo"
LANE = "main"
NOON = 1_800_000_000_000  # ms


class Moves:
    """Asks moves of the event `demo` at `now`, which only the test moves."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.now = NOON
        self.stamp = ""

    async def open(self, *, state: RoomState = "open", epoch: int = 1, **rules: float) -> "Moves":
        """Load the event, empty, under an epoch."""
        run_id, _ = await self.program.found([EVENT])
        await self.ask(CloseEpoch(epoch - 1), stamp=f"{epoch - 1}:{run_id}")
        self.stamp = f"{epoch}:{run_id}"
        load = LoadEvent(1, state, rules_of(dict(rules)).numbers(), {LANE: 0}, {LANE: 0}, {})
        assert await self.ask(load) == Loaded()
        await self.ask(OpenEpoch())
        return self

    async def ask(self, command: Command[R], *, stamp: str = "") -> R:
        return await self.program.ask(EVENT, stamp or self.stamp, command, now_ms=self.now)

    async def join(self, *visitors: str, recorded: bool = True) -> list[int]:
        """Join in this order; the numbers. Unless said otherwise, Postgres has them."""
        numbers: list[int] = []
        for visitor in visitors:
            place = await self.ask(JoinLine(visitor))
            assert isinstance(place, Waiting)
            numbers.append(place.number)
            if recorded:
                await self.ask(MarkRecorded(place.entry, {LANE: place.number}))
        return numbers

    async def beat(self, *, after_s: float = 0) -> int:
        """One beat, so much later; how many came in."""
        self.now += int(after_s * 1000)
        return (await self.ask(AdmitNext())).admitted


async def numbers_of(redis: Redis) -> dict[str, int]:
    """Who waits, by number."""
    line: Any = await redis.zrange(key(EVENT, 1, "line", LANE), 0, -1, withscores=True)
    return {member.decode(): int(score) for member, score in line}


async def outbox(redis: Redis) -> list[tuple[str, str]]:
    """(visitor, state) of every entry, oldest first."""
    entries: Any = await redis.xrange(key(EVENT, 1, "outbox"))
    return [(fields[b"visitor"].decode(), fields[b"state"].decode()) for _, fields in entries]
