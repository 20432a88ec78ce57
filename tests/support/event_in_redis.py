"""One event in Redis, asked directly; the test owns the clock."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from redis.asyncio import Redis

from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import Command, RoomState
from booking_rush.lua.events.commands import ReadSeats, SectionInventory
from booking_rush.lua.holds.commands import CheckoutHold, Held, Hold, HoldSeats
from booking_rush.lua.keys import key
from booking_rush.lua.line.commands import AdmitNext, AdmitVisitor, JoinLine, Waiting
from booking_rush.lua.recovery.commands import (
    CloseEpoch,
    Loaded,
    LoadEvent,
    LoadSections,
    MarkRecorded,
    OpenEpoch,
)
from booking_rush.queue.rules import rules_of

R = TypeVar("R")

_hold = msgspec.msgpack.Decoder(Hold).decode

EVENT = "demo"
LANE = "main"
NOON = 1_800_000_000_000  # ms


class Moves:
    """Asks moves of the event `demo` at `now`, which only the test moves."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.now = NOON
        self.stamp = ""
        self.wishes = 0

    async def open(
        self,
        *,
        state: RoomState = "open",
        epoch: int = 1,
        sections: Sequence[SectionInventory] = (),
        **rules: float,
    ) -> "Moves":
        """Load the event, empty, under an epoch."""
        run_id, _ = await self.program.found([EVENT])
        await self.ask(CloseEpoch(epoch - 1), stamp=f"{epoch - 1}:{run_id}")
        self.stamp = f"{epoch}:{run_id}"
        load = LoadEvent(1, state, rules_of(dict(rules)).numbers(), {LANE: 0}, {LANE: 0}, {})
        assert await self.ask(load) == Loaded()
        assert await self.ask(LoadSections(list(sections))) == Loaded()
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
                await self.ask(MarkRecorded(place.entry.rpartition(":")[2], {LANE: place.number}))
        return numbers

    async def admit(self, *visitors: str) -> None:
        """Join and be let in, one after the other."""
        for visitor in visitors:
            await self.join(visitor)
            await self.ask(AdmitVisitor(visitor, "a test"))

    def wish(self, visitor: str, *seats: str, key: str = "", **fields: Any) -> HoldSeats:
        """A wish to hold seats, or `quantity` of a `section`; every one with a key of its own."""
        self.wishes += 1
        facts: dict[str, Any] = {"section": "", "quantity": 0, "right": "place"} | fields
        key = key or f"key {self.wishes}"
        print_ = repr((seats, facts["section"], facts["quantity"]))
        hold = f"hold-{self.wishes}"
        return HoldSeats(hold, visitor, key, print_, list(seats), **facts)

    async def hold(self, visitor: str, *seats: str, **fields: Any) -> Held:
        """Hold seats, or `quantity` of a `section`."""
        held = await self.ask(self.wish(visitor, *seats, **fields))
        assert isinstance(held, Held), held
        return held

    async def check_out(self, visitor: str, *seats: str) -> str:
        """Hold seats and begin to pay them; the hold."""
        held = await self.hold(visitor, *seats)
        await self.ask(CheckoutHold(visitor, held.id, "ok"))
        return held.id

    async def rows(self, section: str = "stalls") -> dict[str, str]:
        """The rows of a section as they stand."""
        [shown] = (await self.ask(ReadSeats([section]))).sections
        assert sum(text.count(".") for _, text in shown.rows) == shown.free
        return dict(shown.rows)

    async def free(self, section: str) -> int:
        [shown] = (await self.ask(ReadSeats([section]))).sections
        return shown.free

    async def beat(self, *, after_s: float = 0) -> int:
        """One beat, so much later; how many came in."""
        self.now += int(after_s * 1000)
        return (await self.ask(AdmitNext())).admitted


def seated(section: str, **rows: str) -> SectionInventory:
    """A seated section, its rows as they stand; a seat costs 6500."""
    free = sum(text.count(".") for text in rows.values())
    return SectionInventory(section, "seated", 6500, "EUR", free, list(rows.items()))


def standing(section: str, free: int) -> SectionInventory:
    """A standing section; a place costs 4500."""
    return SectionInventory(section, "standing", 4500, "EUR", free, [])


async def numbers_of(redis: Redis) -> dict[str, int]:
    """Who waits, by number."""
    line: Any = await redis.zrange(key(EVENT, 1, "line", LANE), 0, -1, withscores=True)
    return {member.decode(): int(score) for member, score in line}


async def read_holds(redis: Redis, epoch: int, ids: Iterable[str]) -> list[Hold]:
    """Read holds out of Redis. Return those that it has, in the given order."""
    found: list[Any] = [await redis.get(key(EVENT, epoch, "hold", id_)) for id_ in ids]
    return [_hold(packed) for packed in found if packed]


async def outbox(redis: Redis) -> list[tuple[str, str]]:
    """(visitor, state) of every entry, oldest first."""
    entries: Any = await redis.xrange(key(EVENT, 1, "outbox"))
    return [(fields[b"visitor"].decode(), fields[b"state"].decode()) for _, fields in entries]
