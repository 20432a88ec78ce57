"""The sale's side of a lab: sets the stores up, sends commands to them, and reads them back."""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from booking_rush.booking.messaging import outbox
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.lua import commands as line
from booking_rush.lua.events import commands as events_commands
from booking_rush.lua.holds import commands as lua
from booking_rush.lua.keys import key
from booking_rush.lua.line import commands as line_commands
from booking_rush.lua.saga import commands as saga_commands
from booking_rush.queue.event_registry import EventRegistry
from tests.model.model_lab import ClockedProgram, ModelLab
from tests.model.reference_ledger import PLACES, RULES, Answer, HoldRequest, OutboxEntry
from tests.model.reference_sale import ReferenceSale
from tests.support.event_in_redis import EVENT, NOON, read_carts, read_holds
from tests.support.payment_providers import SilentProvider
from tests.support.world import new_event

T = TypeVar("T")

NAMES = ("ada", "bob", "cyd")
SAGA_COMMANDS = (
    saga_commands.MarkSold,
    saga_commands.FreeHold,
    saga_commands.ReopenHold,
    saga_commands.RetakeHold,
)
SECTIONS = [
    {"id": "stalls", "show": "evening", "name": "Stalls", "kind": "seated",
     "rows": [{"name": "A", "seats": 3}, {"name": "B", "seats": 2}],
     "price": {"amount": 6500, "currency": "EUR"}},
    {"id": "floor", "show": "evening", "name": "Floor", "kind": "standing", "capacity": PLACES,
     "price": {"amount": 4500, "currency": "EUR"}},
]  # fmt: skip
POSTGRES = """
    SELECT
        (SELECT json_object_agg(id, json_build_array(state, reason, step, attempt, paid, claimed,
            until_ms, extensions_left)) FROM bookings) AS bookings,
        (SELECT json_object_agg(seat, booking) FROM claims) AS claims,
        (SELECT claimed FROM sections WHERE id = 'floor') AS claimed,
        (SELECT json_agg(json_build_array(booking, attempt, state, overdue, refunding)
            ORDER BY booking, attempt) FROM payments) AS payments,
        (SELECT json_agg(json_build_array(booking, kind, attempt, step, done_at IS NOT NULL)
            ORDER BY seq) FROM outbox) AS outbox,
        (SELECT json_agg(error) FROM outbox WHERE error <> '' OR parked) AS errors
"""


HOLD_FIELDS = ("visitor", "state", "reason", "deadline", "left", "extended", "attempt", "step")


class SaleProgram(ClockedProgram):
    """The program; it remembers the saga's commands of this epoch, so that they can be repeated."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.orders: list[Any] = []

    async def run(
        self, event: str, stamp: str, commands: Sequence[Any], *, now_ms: int | None = None
    ) -> list[Any]:
        self.orders += [one for one in commands if isinstance(one, SAGA_COMMANDS)]
        return await super().run(event, stamp, commands, now_ms=now_ms)


def pick(nth: int, *groups: Sequence[T]) -> T | None:
    """Return the nth of some candidates, or None; those of the first groups more often."""
    found = [one for at, some in enumerate(groups) for one in some for _ in range(4 >> 2 * at or 1)]
    return found[nth % len(found)] if found else None


class SaleLab(ModelLab[SaleProgram]):
    """A sale on real stores and its reference model."""

    conductor_kind: ClassVar[type[Conductor]] = Conductor

    def set_up(self) -> None:
        self.reference = ReferenceSale(NOON)
        self.count = itertools.count(1)
        self.program = SaleProgram(self.lab.redis, self.lab.text)
        self.recorder = self.new_recorder()
        self.bank = SilentProvider()
        self.registry = EventRegistry(self.lab.pool, self.program)
        self.conductor = self.conductor_kind(
            self.lab.pool,
            self.registry,
            PaymentRouter([self.bank], "bank"),
            "machine",
            clock=lambda: 0.0,
        )
        self.lab.run(self.start_event(new_event(rules=RULES, sections=SECTIONS)))

    def new_recorder(self) -> Recorder:
        return self.lab.recorder(
            self.lab.pool,
            self.lab.redis,
            self.program,
            "machine",
            lambda: self.reference.now / 1000,
        )

    async def read_epoch(self) -> None:
        """Read the epoch, and forget the orders of earlier ones."""
        await super().read_epoch()
        await self.registry.refresh()
        self.program.orders.clear()

    def ask(self, command: line.Command[Any]) -> Answer:
        """Run one command in Redis. Return its reply as the reference model writes it."""
        match self.lab.run(self.program.ask(EVENT, self.stamp, command)):
            case lua.Held() as reply:
                return ("held", reply.id, reply.deadline_ms, reply.hold.left)
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

    # Commands of both sales

    def admit(self, visitor: str) -> None:
        self.ask(line_commands.JoinLine(visitor))
        assert self.ask(line_commands.AdmitVisitor(visitor, "why")) == ("admitted",)
        self.reference.admit(visitor)

    def ask_to_hold(self, visitor: str, key: str, request: HoldRequest) -> str:
        id_, seats = str(UUID(int=next(self.count))), list(request.seats)
        section = "floor" if request.on_floor else ""
        command = lua.HoldSeats(
            id_, visitor, key, repr(request), seats, section, request.on_floor, right="place"
        )
        assert self.ask(command) == self.reference.hold(id_, visitor, key, request)
        return id_

    def _has_hold(self, visitor: str) -> bool:
        mine = [one for one in self.reference.holds.values() if one.visitor == visitor]
        return any(one.state in ("held", "paying") for one in mine)

    def pay(self, id_: str) -> None:
        visitor = self.reference.holds[id_].visitor
        expected = self.reference.check_out(visitor, id_)
        assert self.ask(lua.CheckoutHold(visitor, id_, "ok")) == expected

    def repeat_order(self, order: Any) -> None:
        id_ = order.hold.id if isinstance(order.hold, lua.Hold) else order.hold
        kind = line.tag_of_type(type(order).__name__).removesuffix("_hold")
        more: tuple[Any, ...] = ()
        if isinstance(order, saga_commands.FreeHold):
            more = order.state, order.reason, order.others
        elif isinstance(order, saga_commands.ReopenHold):
            more = (order.attempt,)
        assert self.ask(order) == (self.reference.apply_order(kind, id_, order.step, *more),)

    # Writes to the stores

    async def free_by_hand(self, what: str, places: int = 1) -> None:
        """Free a seat, or places of the floor, in Redis alone: as an operator by mistake might."""
        section, _, place = what.partition(".")
        if place:
            row, _, number = place.partition("-")
            rows, at = key(EVENT, self.epoch, "rows"), int(number) - 1
            text: Any = await self.lab.redis.hget(rows, f"stalls/{row}")
            text = text[:at] + b"." + text[at + 1 :]
            await self.lab.redis.hset(rows, f"stalls/{row}", text)
        await self.lab.redis.hincrby(key(EVENT, self.epoch, "free"), section, places)

    async def _record(self) -> None:
        self.recorder = self.new_recorder()
        for _ in range(len(self.reference.stream) + 2):
            await self.recorder.run_once()
            if not await self.unrecorded():
                return
        raise AssertionError("the recorder does not come to an end")

    async def send(
        self, message: OutboxEntry, other: Any = None, then: Callable[[], Any] | None = None
    ) -> None:
        """Enqueue a message; before that commits, await `other` and then `then`."""
        self.reference.outbox.append(message)
        envelope = outbox.message(
            f"{next(self.count)}", UUID(message.booking), EVENT, message.kind, message.attempt
        )
        async with self.lab.pool.acquire() as connection, connection.transaction():
            assert await outbox.enqueue(connection, [envelope]) == 1
            if other is not None and then is not None:
                await other
                await then()

    async def carry_out_all(self) -> None:
        while self.reference.waiting():
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
        waiting = self.reference.waiting()
        self.reference.carry_out(next(one for one in waiting if booking in ("", one.booking)))
        if booking:
            await self.lab.pool.execute("UPDATE outbox SET due_at = now()")

    # Both stores, read and expected

    async def _stores(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what Redis and what Postgres has."""
        commands = [
            events_commands.ReportSockets("machine", 0),
            events_commands.ReadSeats(["stalls", "floor"]),
        ]
        stats, read = await self.program.run(EVENT, self.stamp, commands)
        holds = await read_holds(self.lab.redis, self.epoch, self.reference.holds)
        stalls, floor = read.sections
        carts = await read_carts(self.lab.redis, self.epoch)
        redis = {
            "counts": (stats.held, stats.paying, stats.sold, stats.free, stats.active),
            "rows": {
                f"stalls.{row}-{number}": mark
                for row, text in stalls.rows
                for number, mark in enumerate(text, 1)
            },
            "free": (stalls.free, floor.free),
            "holds": {one.id: [getattr(one, name) for name in HOLD_FIELDS] for one in holds},
            "taken": {visitor: cart.taken for visitor, cart in carts.items() if cart.taken},
            "carts": {
                visitor: cart.hold.id
                for visitor, cart in carts.items()
                if cart.hold and cart.hold.state in ("held", "paying")
            },
        }
        row = await self.lab.pool.fetchrow(POSTGRES)
        assert row is not None
        assert row["errors"] is None, row["errors"]
        postgres = {n: json.loads(v) if isinstance(v, str) else v for n, v in row.items()}
        return redis, postgres

    def _expected_of_redis(self) -> dict[str, Any]:
        sale = self.reference
        holds = sale.holds.values()
        free = [*sale.rows.values()].count(".")
        counts = [*map(sale.count, ("held", "paying", "sold")), free + sale.free]
        admitted = [visitor for visitor, number in sale.passes.items() if number > 0]
        return {
            "counts": (*counts, len(admitted)),
            "rows": sale.rows,
            "free": (free, sale.free),
            "holds": {one.id: [getattr(one, name) for name in HOLD_FIELDS] for one in holds},
            "taken": {visitor: n for visitor in NAMES if (n := sale.tickets_of(visitor))},
            "carts": {one.visitor: one.id for one in holds if one.state in ("held", "paying")},
        }

    def _expected_of_postgres(self) -> dict[str, Any]:
        sale = self.reference
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
            "outbox": [
                [one.booking, one.kind, one.attempt, one.step, one.done]
                for one in sale.outbox
                if one.visible
            ]
            or None,
            "errors": None,
        }
