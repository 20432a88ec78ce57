"""The real stores behind the machine of the sale: how they are set up, asked and looked at."""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.messaging import outbox
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.lua import commands as line
from booking_rush.lua.events import commands as events_commands
from booking_rush.lua.holds import commands as lua
from booking_rush.lua.keys import key
from booking_rush.lua.line import commands as line_commands
from booking_rush.lua.saga import commands as saga_commands
from booking_rush.queue.event_registry import EventRegistry
from tests.model.queue_machine import ClockedProgram, Lab
from tests.model.reference_ledger import PLACES, RULES, Letter, Told, Wish
from tests.model.reference_sale import Sale
from tests.support.event_in_redis import EVENT, NOON, read_holds
from tests.support.payment_providers import Bank
from tests.support.world import new_event

T = TypeVar("T")

NAMES = ("ada", "bob", "cyd")
SAGA = (
    saga_commands.MarkSold,
    saga_commands.FreeHold,
    saga_commands.ReopenHold,
    saga_commands.RetakeHold,
)
TABLES = ("dead", "mails", "states", "claims", "payments", "outbox", "inbox", "bookings",
          "leases", "places", "recorded", "sections", "shows", "events")  # fmt: skip
HOUSE = [
    {"id": "stalls", "show": "evening", "name": "Stalls", "kind": "seated",
     "rows": [{"name": "A", "seats": 3}, {"name": "B", "seats": 2}],
     "price": {"amount": 6500, "currency": "EUR"}},
    {"id": "floor", "show": "evening", "name": "Floor", "kind": "standing", "capacity": PLACES,
     "price": {"amount": 4500, "currency": "EUR"}},
]  # fmt: skip
KEPT = """
    SELECT
        (SELECT json_object_agg(id, json_build_array(state, reason, step, attempt, paid, claimed,
            until_ms, extensions_left)) FROM bookings) AS bookings,
        (SELECT json_object_agg(seat, booking) FROM claims) AS claims,
        (SELECT claimed FROM sections WHERE id = 'floor') AS claimed,
        (SELECT json_agg(json_build_array(booking, attempt, state, overdue, refunding)
            ORDER BY booking, attempt) FROM payments) AS payments,
        (SELECT json_agg(json_build_array(booking, kind, attempt, step, done_at IS NOT NULL)
            ORDER BY seq) FROM outbox) AS letters,
        (SELECT json_agg(error) FROM outbox WHERE error <> '' OR parked) AS errors
"""


HOLD = ("visitor", "state", "reason", "deadline", "left", "extended", "attempt", "step")


class SaleProgram(ClockedProgram):
    """The program, which remembers what orders it was sent in this epoch."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.orders: list[Any] = []

    async def run(
        self, event: str, stamp: str, commands: Sequence[Any], *, now_ms: int | None = None
    ) -> list[Any]:
        self.orders += [one for one in commands if isinstance(one, SAGA)]
        return await super().run(event, stamp, commands, now_ms=now_ms)


def pick(nth: int, *crowds: Sequence[T]) -> T | None:
    """The nth of whoever there is, those of the first crowds more often."""
    crowd = [one for at, some in enumerate(crowds) for one in some for _ in range(4 >> 2 * at or 1)]
    return crowd[nth % len(crowd)] if crowd else None


class Stage:
    """A sale on real stores, and the plain one beside it."""

    lab: ClassVar[Lab]
    conductor_kind: ClassVar[type[Conductor]] = Conductor

    def set_up(self) -> None:
        self.sale = Sale(NOON)
        self.count = itertools.count(1)
        self.program = SaleProgram(self.lab.redis, self.lab.text)
        self.recorder = self._new_recorder()
        self.bank = Bank()
        self.registry = EventRegistry(self.lab.pool, self.program)
        self.conductor = self.conductor_kind(
            self.lab.pool, self.registry, self.bank, "machine", clock=lambda: 0.0
        )
        self.lab.run(self._begin())

    def _new_recorder(self) -> Recorder:
        return self.lab.recorder(
            self.lab.pool, self.lab.redis, self.program, "machine", lambda: self.sale.now / 1000
        )

    async def _begin(self) -> None:
        await self.lab.pool.execute("; ".join(f"DELETE FROM {table}" for table in TABLES))
        await self.lab.redis.flushall()
        await Catalogue(self.lab.pool).create(new_event(rules=RULES, sections=HOUSE), who="machine")
        await self.lab.pool.execute("UPDATE events SET state = 'open'")
        await self.recorder.run_once()
        await self._look_around()

    async def _look_around(self) -> None:
        run_id, _ = await self.program.epochs([EVENT])
        self.epoch = await self.lab.pool.fetchval("SELECT epoch FROM recorded")
        self.stamp = f"{self.epoch}:{run_id}"
        await self.registry.refresh()
        self.program.orders.clear()

    def ask(self, command: line.Command[Any]) -> Told:
        """What the real sale answers, in the plain one's words."""
        match self.lab.run(self.program.ask(EVENT, self.stamp, command)):
            case lua.Held() as reply:
                return ("held", reply.id, reply.deadline_ms, reply.left)
            case lua.HoldExists() as reply:
                return ("hold_exists", reply.id)
            case lua.LimitExceeded() as reply:
                return ("limit_exceeded", reply.taken)
            case lua.SeatsTaken() as reply:
                return ("seats_taken", {*reply.conflicts})
            case lua.CheckedOut() as reply:
                return ("checked_out", reply.attempt, reply.again)
            case reply:
                return (line.tag_of_type(type(reply).__name__),)

    # What is asked of both

    def admit(self, visitor: str) -> None:
        self.ask(line_commands.JoinLine(visitor))
        assert self.ask(line_commands.AdmitVisitor(visitor, "why")) == ("admitted",)
        self.sale.admit(visitor)

    def ask_to_hold(self, visitor: str, key: str, wish: Wish) -> str:
        id_, seats = str(UUID(int=next(self.count))), list(wish.seats)
        section = "" if seats else "floor"
        command = lua.HoldSeats(
            id_, visitor, key, repr(wish), seats, section, wish.places, right="place"
        )
        assert self.ask(command) == self.sale.hold(id_, visitor, key, wish)
        return id_

    def _lives(self, visitor: str) -> bool:
        mine = [one for one in self.sale.holds.values() if one.visitor == visitor]
        return any(one.state in ("held", "paying") for one in mine)

    def pay(self, id_: str) -> None:
        visitor = self.sale.holds[id_].visitor
        told = self.sale.check_out(visitor, id_)
        assert self.ask(lua.CheckoutHold(visitor, id_, "ok")) == told

    def obey_again(self, order: Any) -> None:
        id_ = order.hold.id if isinstance(order.hold, lua.Hold) else order.hold
        kind = line.tag_of_type(type(order).__name__).removesuffix("_hold")
        more: tuple[Any, ...] = ()
        if isinstance(order, saga_commands.FreeHold):
            more = order.state, order.reason, order.others
        elif isinstance(order, saga_commands.ReopenHold):
            more = (order.attempt,)
        assert self.ask(order) == (self.sale.obey(kind, id_, order.step, *more),)

    # What is done to the stores

    async def free_by_hand(self, what: str, places: int = 1) -> None:
        """Free a seat, or places of the floor, that are not free."""
        section, _, place = what.partition(".")
        if place:
            row, _, number = place.partition("-")
            rows, at = key(EVENT, self.epoch, "rows"), int(number) - 1
            text: Any = await self.lab.redis.hget(rows, f"stalls/{row}")
            text = text[:at] + b"." + text[at + 1 :]
            await self.lab.redis.hset(rows, f"stalls/{row}", text)
        await self.lab.redis.hincrby(key(EVENT, self.epoch, "free"), section, places)

    async def _record(self) -> None:
        self.recorder = self._new_recorder()
        for _ in range(len(self.sale.stream) + 2):
            await self.recorder.run_once()
            if not await self._entries():
                return
        raise AssertionError("the recorder does not come to an end")

    async def _entries(self) -> Any:
        _, last = await self._cursor()
        return await self.lab.redis.xrange(key(EVENT, self.epoch, "outbox"), f"({last}")

    async def _cursor(self) -> tuple[int, str]:
        row = await self.lab.pool.fetchrow("SELECT epoch, last FROM recorded")
        assert row is not None
        return row["epoch"], row["last"]

    async def send(
        self, letter: Letter, other: Any = None, then: Callable[[], Any] | None = None
    ) -> None:
        """Send a message; before it commits, another one, and something else."""
        self.sale.letters.append(letter)
        envelope = outbox.message(
            f"{next(self.count)}", UUID(letter.booking), EVENT, letter.kind, letter.attempt
        )
        async with self.lab.pool.acquire() as connection, connection.transaction():
            assert await outbox.put(connection, [envelope]) == 1
            if other is not None and then is not None:
                await other
                await then()

    async def carry_out_all(self) -> None:
        while self.sale.waiting():
            await self.carry_out_next("")

    async def carry_out_next(self, booking: str) -> None:
        if booking:
            await self.lab.pool.execute(
                """
                UPDATE outbox SET due_at = 'infinity' WHERE booking <> $1 AND done_at IS NULL
                """,
                UUID(booking),
            )
        assert await self.conductor.run_once() == 1
        waiting = self.sale.waiting()
        self.sale.carry_out(next(one for one in waiting if booking in ("", one.booking)))
        if booking:
            await self.lab.pool.execute("UPDATE outbox SET due_at = now()")

    # How they stand, and how they should

    async def _seen(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Redis and Postgres as they stand."""
        commands = [
            events_commands.ReportSockets("machine", 0),
            events_commands.ReadSeats(["stalls", "floor"]),
        ]
        stats, read = await self.program.run(EVENT, self.stamp, commands)
        holds = await read_holds(self.lab.redis, self.epoch, self.sale.holds)
        stalls, floor = read.sections
        taken: Any = await self.lab.redis.hgetall(key(EVENT, self.epoch, "taken"))
        carts: Any = await self.lab.redis.hgetall(key(EVENT, self.epoch, "carts"))
        redis = {
            "figures": (stats.held, stats.paying, stats.sold, stats.free, stats.active),
            "rows": {
                f"stalls.{row}-{number}": mark
                for row, text in stalls.rows
                for number, mark in enumerate(text, 1)
            },
            "free": (stalls.free, floor.free),
            "holds": {one.id: [getattr(one, name) for name in HOLD] for one in holds},
            "taken": {visitor.decode(): int(n) for visitor, n in taken.items() if int(n)},
            "carts": {visitor.decode(): hold.decode() for visitor, hold in carts.items()},
        }
        row = await self.lab.pool.fetchrow(KEPT)
        assert row is not None
        assert row["errors"] is None, row["errors"]
        kept = {n: json.loads(v) if isinstance(v, str) else v for n, v in row.items()}
        return redis, kept

    def _expected_of_redis(self) -> dict[str, Any]:
        sale = self.sale
        holds = sale.holds.values()
        free = [*sale.rows.values()].count(".")
        figures = [*map(sale.count, ("held", "paying", "sold")), free + sale.free]
        admitted = [visitor for visitor, number in sale.passes.items() if number > 0]
        return {
            "figures": (*figures, len(admitted)),
            "rows": sale.rows,
            "free": (free, sale.free),
            "holds": {one.id: [getattr(one, name) for name in HOLD] for one in holds},
            "taken": {visitor: n for visitor in NAMES if (n := sale.taken(visitor))},
            "carts": {one.visitor: one.id for one in holds if one.state in ("held", "paying")},
        }

    def _expected_of_postgres(self) -> dict[str, Any]:
        sale = self.sale
        return {
            "bookings": {
                id_: [b.state, b.reason, b.step, b.attempt, b.paid, b.claimed, b.until, b.left]
                for id_, b in sale.bookings.items()
            }
            or None,
            "claims": sale.claims or None,
            "claimed": sale.claimed,
            "payments": [
                [*at, one.state, one.overdue, one.refunding]
                for at, one in sorted(sale.payments.items())
            ]
            or None,
            "letters": [
                [one.booking, one.kind, one.attempt, one.step, one.done]
                for one in sale.letters
                if one.ready
            ]
            or None,
            "errors": None,
        }
