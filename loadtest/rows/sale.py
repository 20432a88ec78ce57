"""A sale for benchmarks: an event, its visitors, their holds and checkouts, made by real moves."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any

import msgspec
from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.catalogue.events import NewEvent
from booking_rush.booking.holds.holds import uuid7
from booking_rush.booking.payments.provider import Payment, PaymentNotification
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import Command
from booking_rush.lua.events.commands import ReportSockets
from booking_rush.lua.holds.commands import CheckedOut, CheckoutHold, Held, HoldSeats
from booking_rush.lua.line.commands import AdmitVisitor, JoinLine
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry
from loadtest.environment import FLOOR

EVENT = "bench"
TICKETS = 2  # seats a booking
ROW = 100
CONCURRENT_MAX = 5_000  # commands that wait in the batcher


class StatementCounter:
    """A counter of statements that a pool's connections send, with BEGIN and COMMIT."""

    def __init__(self) -> None:
        self.statements = 0

    async def watch(self, connection: Any) -> None:
        """Count the statements of this connection from now on."""
        connection.add_query_logger(self._count)

    def _count(self, record: object) -> None:
        self.statements += 1


class UnaskedProvider:
    """A payment provider that fails when asked: the benchmark enqueues every answer itself."""

    name = "bank"
    methods = frozenset({"ok"})

    async def charge(self, payment: Payment) -> str:
        """Fail: no benchmark asks this."""
        raise AssertionError(payment)

    async def cancel(self, payment: Payment) -> None:
        """Fail: no benchmark asks this."""
        raise AssertionError(payment)

    async def refund(self, payment: Payment) -> None:
        """Fail: no benchmark asks this."""
        raise AssertionError(payment)

    async def list_notifications(self, payment: Payment) -> list[PaymentNotification]:
        """Fail: no benchmark asks this."""
        raise AssertionError(payment)

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | None:
        """Fail: no benchmark sends webhooks."""
        raise AssertionError(body)


class Sale:
    """Bookings of two named seats each, from the hold to the ticket."""

    def __init__(self, redis: Redis, pool: Pool, bookings: int) -> None:
        program = Program(redis)
        self.recorder = Recorder(pool, redis, program, "bench")
        self._pool = pool
        self._bookings = bookings
        self._registry = EventRegistry(pool, program)
        self._seats = seats(bookings)

    async def open(self) -> "Sale":
        """Put the event on sale, admit every visitor, and record all of that."""
        catalogue = Catalogue(self._pool)
        await catalogue.create(new_event(self._bookings), who="bench")
        await catalogue.act(EVENT, "open", who="bench")
        await self.recorder.run_once()
        assert await self._registry.ready(EVENT, seconds=10)
        names = range(self._bookings)
        await self._do([JoinLine(f"v{n}") for n in names])
        await self._do([AdmitVisitor(f"v{n}", "bench") for n in names])
        while await self.recorder.run_once():
            pass
        return self

    async def hold_and_check_out(self) -> int:
        """Hold for every visitor, then check all out. Return the number of outbox entries."""
        ids = [str(uuid7(n, n.to_bytes(10))) for n in range(self._bookings)]
        holds = [
            HoldSeats(id_, f"v{n}", "k", "p", list(islice(self._seats, TICKETS)), "", 0, "place")
            for n, id_ in enumerate(ids)
        ]
        assert all(isinstance(reply, Held) for reply in await self._do(holds))
        outs = [CheckoutHold(f"v{n}", id_, "ok") for n, id_ in enumerate(ids)]
        assert all(isinstance(reply, CheckedOut) for reply in await self._do(outs))
        return 2 * self._bookings

    async def record(self, entries: int) -> None:
        """Run the recorder until so many entries are recorded."""
        while entries > 0:
            entries -= await self.recorder.run_once()
        assert entries == 0

    async def check_sold(self) -> None:
        """Check that each booking is confirmed, its seats are sold in Redis, and nothing failed."""
        found = await self._pool.fetchrow(
            """
            SELECT (SELECT count(*) FROM bookings WHERE state = 'confirmed' AND claimed),
                (SELECT count(*) FROM payments WHERE state = 'captured'),
                (SELECT count(*) FROM outbox WHERE done_at IS NULL OR parked),
                (SELECT count(*) FROM dead)
            """
        )
        assert found is not None
        assert [*found] == [self._bookings, self._bookings, 0, 0], [*found]
        await self._registry.refresh()
        stats = await self._registry.batcher(EVENT).do(ReportSockets("bench", 0))
        assert stats.sold == TICKETS * self._bookings, stats

    async def _do(self, commands: Sequence[Command[Any]]) -> list[Any]:
        batcher, replies = self._registry.batcher(EVENT), list[Any]()
        for at in range(0, len(commands), CONCURRENT_MAX):
            replies += await asyncio.gather(*map(batcher.do, commands[at : at + CONCURRENT_MAX]))
        return replies


def seats(bookings: int) -> Iterator[str]:
    """Return the ids of as many seats as are booked, row by row."""
    return (f"bowl.R{n // ROW}-{n % ROW + 1}" for n in islice(count(), bookings * TICKETS))


def new_event(bookings: int, event: str = EVENT) -> NewEvent:
    """Make an event with just the seats that are booked; nothing expires within a day."""
    rows = -(-bookings * TICKETS // ROW)
    bowl = {
        "id": "bowl",
        "show": "evening",
        "name": "Bowl",
        "kind": "seated",
        "rows": [{"name": f"R{n}", "seats": ROW} for n in range(rows)],
        "price": {"amount": 6500, "currency": "EUR"},
    }
    a_day = dict.fromkeys(("pass_seconds", "hold_seconds", "payment_seconds"), 86_400)
    return _event(event, bowl, rate_per_second=0, active_max=bookings, **a_day)


def standing_event(event: str, capacity: int, **rules: int) -> NewEvent:
    """Make an event with one standing section, whose visitors are admitted at once."""
    floor = FLOOR | {"capacity": capacity}
    return _event(event, floor, rate_per_second=1000, active_max=100_000, **rules)


def _event(event: str, section: dict[str, Any], **rules: int) -> NewEvent:
    show = {"id": "evening", "starts_at": datetime.now(UTC) + timedelta(days=30)}
    members = {"id": event, "name": "A Benchmark", "shows": [show], "sections": [section]}
    with_rules = members | {"rules": {"proof_bits_max": 0, "churn_max": 0} | rules}
    return msgspec.convert(with_rules, NewEvent)
