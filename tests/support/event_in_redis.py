"""One event in Redis without Postgres: a test runs its moves directly, on a clock of its own."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from redis.asyncio import Redis

from booking_rush.booking.recording.batch import read
from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import Command, EventState
from booking_rush.lua.events.commands import ReadSeats, SectionInventory
from booking_rush.lua.holds.commands import CheckoutHold, Held, Hold, HoldSeats
from booking_rush.lua.keys import key
from booking_rush.lua.line.changes import PlaceChange
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


EVENT = "demo"
LANE = "main"
NOON = 1_800_000_000_000  # ms


class EventInRedis:
    """The event `demo`; its moves run at `now`, in ms, which only the test changes."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.now = NOON
        self.stamp = ""
        self.holds_asked = 0

    async def open(
        self,
        *,
        state: EventState = "open",
        epoch: int = 1,
        sections: Sequence[SectionInventory] = (),
        **rules: float,
    ) -> "EventInRedis":
        """Load the event, empty, under an epoch; holds may end unpaid any number of times."""
        [(run_id, _)] = await self.program.epochs([EVENT])
        await self.ask(CloseEpoch(epoch - 1), stamp=f"{epoch - 1}:{run_id}")
        self.stamp = f"{epoch}:{run_id}"
        load = LoadEvent(
            1, state, rules_of({"churn_max": 0, **rules}).numbers(), {LANE: 0}, {LANE: 0}, {}
        )
        assert await self.ask(load) == Loaded()
        assert await self.ask(LoadSections(list(sections))) == Loaded()
        await self.ask(OpenEpoch())
        return self

    async def ask(self, command: Command[R], *, stamp: str = "") -> R:
        return await self.program.ask(EVENT, stamp or self.stamp, command, now_ms=self.now)

    async def join(self, *visitors: str, recorded: bool = True) -> list[int]:
        """Join in this order, marked as recorded unless `recorded` is false. Return the numbers."""
        numbers: list[int] = []
        for visitor in visitors:
            place = await self.ask(JoinLine(visitor))
            assert isinstance(place, Waiting)
            numbers.append(place.number)
            if recorded:
                await self.ask(MarkRecorded(place.entry.rpartition(":")[2], {LANE: place.number}))
        return numbers

    async def admit(self, *visitors: str) -> None:
        """Join and be admitted by an operator, one after the other."""
        for visitor in visitors:
            await self.join(visitor)
            await self.ask(AdmitVisitor(visitor, "a test"))

    def hold_command(self, visitor: str, *seats: str, key: str = "", **fields: Any) -> HoldSeats:
        """Make a command to hold seats, or `quantity` of a `section`, under a new key."""
        self.holds_asked += 1
        arguments: dict[str, Any] = {"section": "", "quantity": 0, "right": "place"} | fields
        key = key or f"key {self.holds_asked}"
        fingerprint = repr((seats, arguments["section"], arguments["quantity"]))
        hold = f"hold-{self.holds_asked}"
        return HoldSeats(hold, visitor, key, fingerprint, list(seats), **arguments)

    async def hold(self, visitor: str, *seats: str, **fields: Any) -> Held:
        """Hold seats, or `quantity` of a `section`."""
        held = await self.ask(self.hold_command(visitor, *seats, **fields))
        assert isinstance(held, Held), held
        return held

    async def check_out(self, visitor: str, *seats: str) -> str:
        """Hold seats and check them out. Return the hold's id."""
        held = await self.hold(visitor, *seats)
        await self.ask(CheckoutHold(visitor, held.id, "ok"))
        return held.id

    async def rows(self, section: str = "stalls") -> dict[str, str]:
        """Return the rows of a section by name; their free seats must add up to its count."""
        [found] = (await self.ask(ReadSeats([section]))).sections
        assert sum(text.count(".") for _, text in found.rows) == found.free
        return dict(found.rows)

    async def free(self, section: str) -> int:
        [found] = (await self.ask(ReadSeats([section]))).sections
        return found.free

    async def tick(self, *, after_s: float = 0) -> int:
        """Run a tick, `after_s` later. Return how many visitors it admitted."""
        self.now += int(after_s * 1000)
        return (await self.ask(AdmitNext())).admitted


def seated(section: str, **rows: str) -> SectionInventory:
    """Make a seated section of these rows, one mark a seat; a seat costs 6500."""
    free = sum(text.count(".") for text in rows.values())
    return SectionInventory(section, "seated", 6500, "EUR", free, list(rows.items()))


def standing(section: str, free: int) -> SectionInventory:
    """Make a standing section; a place costs 4500."""
    return SectionInventory(section, "standing", 4500, "EUR", free, [])


async def waiting_numbers(redis: Redis) -> dict[str, int]:
    """Return the number of each visitor who waits."""
    line: Any = await redis.zrange(key(EVENT, 1, "line", LANE), 0, -1, withscores=True)
    return {member.decode(): int(score) for member, score in line}


class StoredCart(msgspec.Struct, frozen=True):
    """Cart of a visitor as `carts.lua` packs it behind its hold; times in ms."""

    hold: Hold | None
    taken: int
    due: int | bool
    warn: int
    keys_end: int
    has_past: bool
    churn: list[int] | bool


class StoredPlace(msgspec.Struct, frozen=True, array_like=True):
    """Place of a visitor as `places.lua` packs it; times in ms."""

    state: str
    number: int
    joined: int
    wave: int
    admitted: int
    claim: int
    deadline: int
    due: int | bool
    lane: str
    code: str
    index: int
    window: int


_hold = msgspec.msgpack.Decoder(Hold).decode
HOLD_FIELDS = len(Hold.__struct_fields__)
PACKED_HOLD = b"\xdc"  # as one begins, and no id


def _cart(packed: bytes) -> StoredCart:
    rest: list[Any] = msgspec.msgpack.decode(packed)[HOLD_FIELDS:]
    has_hold = msgspec.msgpack.decode(packed)[0] is not False
    return StoredCart(_hold(packed) if has_hold else None, *rest)


_place = msgspec.msgpack.Decoder(StoredPlace).decode


async def read_carts(redis: Redis, epoch: int) -> dict[str, StoredCart]:
    """Return the carts that Redis has, by visitor."""
    found: Any = await redis.hgetall(key(EVENT, epoch, "carts"))
    return {visitor.decode(): _cart(packed) for visitor, packed in found.items()}


async def write_cart(redis: Redis, epoch: int, visitor: str, cart: StoredCart | None) -> None:
    """Write a visitor's cart into Redis, as no move would; None removes it."""
    carts = key(EVENT, epoch, "carts")
    values = list[Any]()
    if cart is not None:
        assert cart.hold is not None
        values = [*msgspec.structs.astuple(cart.hold), *msgspec.structs.astuple(cart)[1:]]
    writing: Any = (
        redis.hset(carts, visitor, msgspec.msgpack.encode(values))
        if values
        else redis.hdel(carts, visitor)
    )
    await writing


async def read_place(redis: Redis, epoch: int, visitor: str) -> StoredPlace | None:
    """Return the place that Redis has of a visitor."""
    found: Any = await redis.hget(key(EVENT, epoch, "places"), visitor)
    return _place(found) if found else None


async def read_holds(redis: Redis, epoch: int, ids: Iterable[str]) -> list[Hold]:
    """Read holds out of Redis: living, ended, or sold. Return those there are, in this order."""
    carts = await read_carts(redis, epoch)
    in_carts = [cart.hold for cart in carts.values() if cart.hold and cart.hold.state != "sold"]
    names: list[Any] = await redis.keys(key(EVENT, epoch, "key", "*"))
    names += [key(EVENT, epoch, "hold", id_) for id_ in ids]
    packed: list[Any] = await redis.mget(names) if names else []
    apart = [_hold(one) for one in packed if one and one.startswith(PACKED_HOLD)]
    by_id = {hold.id: hold for hold in (*apart, *in_carts)}  # under a key as it was put away
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def outbox(redis: Redis) -> list[tuple[str, str]]:
    """Return (visitor, state) of every place that was enqueued, oldest first."""
    entries: Any = await redis.xrange(key(EVENT, 1, "outbox"))
    changes = [change for entry in read(entries) for change in entry.changes]
    return [(one.visitor, one.state) for one in changes if isinstance(one, PlaceChange)]
