"""Orders at a slow bank: they delay no other booking, are given once, and survive a crash."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
from redis.asyncio import Redis

from booking_rush.booking.messaging import outbox
from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.booking.payments.provider import Payment, ProviderUnavailableError
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.conductor import IN_FLIGHT_MAX, Conductor
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry
from tests.support.clients import until
from tests.support.message_log import BOOKING
from tests.support.payment_providers import SilentProvider
from tests.support.practice_bank import PAYMENT


class SlowBank(SilentProvider):
    """A bank that keeps some charges waiting until `goes_on`; then it answers, or is away."""

    def __init__(self) -> None:
        super().__init__()
        self.slow: set[UUID] = set()
        self.goes_on = asyncio.Event()
        self.is_away = False
        self.called_back = 0

    async def charge(self, payment: Payment) -> str:
        await super().charge(payment)
        if payment.booking in self.slow:
            try:
                await self.goes_on.wait()
            except asyncio.CancelledError:
                self.called_back += 1
                raise
            if self.is_away:
                raise ProviderUnavailableError
        return ""

    def times(self, booking: UUID) -> int:
        return [one[1] for one in self.asked].count(str(booking))


class Office:
    """Conductors, one after the other, with a bank that may be slow."""

    def __init__(self, pool: Pool, redis: Redis) -> None:
        self.pool = pool
        self.redis = redis
        self.bank = SlowBank()
        self.conductor = self.another()

    def another(self) -> Conductor:
        registry = EventRegistry(self.pool, Program(self.redis))
        payments = PaymentRouter([self.bank], "bank")
        return Conductor(self.pool, registry, payments, f"tests/{id(registry)}")

    async def booking(self, *, slow: bool) -> UUID:
        """Insert a booking, and enqueue the order to charge it."""
        id_ = uuid.uuid4()
        await self.pool.execute(BOOKING, id_)
        await self.pool.execute("UPDATE bookings SET attempt = 1, claimed = true")
        await self.pool.execute(PAYMENT, id_)
        await self.send(outbox.order(id_, "demo", "charge", 1, 1))
        if slow:
            self.bank.slow.add(id_)
        return id_

    async def send(self, letter: Envelope) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await outbox.enqueue(connection, [letter])

    async def left(self, booking: UUID) -> list[str]:
        """Return the kinds of orders and messages that are left for a booking."""
        rows = await self.pool.fetch(
            "SELECT kind FROM outbox WHERE booking = $1 AND done_at IS NULL ORDER BY seq", booking
        )
        return [row["kind"] for row in rows]


@pytest.fixture
async def office(pool: Pool, redis: Redis) -> AsyncGenerator[Office]:
    await pool.execute(
        "INSERT INTO events (id, name, state, rules) VALUES ('demo', 'E', 'open', '{}')"
    )
    office = Office(pool, redis)
    yield office
    await office.conductor.release()


async def test_a_slow_call_to_the_bank_holds_up_nobody_else(office: Office) -> None:
    slow, quick = await office.booking(slow=True), await office.booking(slow=False)

    assert await office.conductor.run_once() == 1

    assert await office.left(quick) == []
    assert await office.left(slow) == ["charge"]
    later = await office.booking(slow=False)
    assert await office.conductor.run_once() == 1
    assert await office.left(later) == []


async def test_an_order_that_flies_is_given_once_and_collected_when_it_lands(
    office: Office,
) -> None:
    slow = await office.booking(slow=True)
    for _ in range(3):
        assert await office.conductor.run_once() == 0
    assert office.bank.times(slow) == 1

    office.bank.goes_on.set()

    await until(office.conductor.run_once)
    assert (await office.left(slow), office.bank.times(slow)) == ([], 1)


async def test_what_is_said_of_a_booking_that_flies_is_heard_when_it_has_landed(
    office: Office,
) -> None:
    slow = await office.booking(slow=True)
    await office.conductor.run_once()
    await office.send(outbox.message("bank:1", slow, "demo", "charged", 1))
    assert await office.conductor.run_once() == 0

    office.bank.goes_on.set()

    await until(office.conductor.run_once)
    assert await office.left(slow) == ["charged"]
    assert await office.conductor.run_once() == 1
    assert (await office.left(slow))[0] == "mark_sold"


async def test_a_flight_that_fails_is_tried_again(office: Office) -> None:
    slow = await office.booking(slow=True)
    office.bank.is_away = True
    await office.conductor.run_once()
    office.bank.goes_on.set()

    async def has_failed() -> bool:
        await office.conductor.run_once()
        return bool(await office.pool.fetchval("SELECT tries > 0 FROM outbox"))

    await until(has_failed)
    office.bank.is_away = False
    await until(office.conductor.run_once)
    assert (await office.left(slow), office.bank.times(slow) > 1) == ([], True)


async def test_orders_in_flight_outlive_a_conductor_that_dies(office: Office) -> None:
    slow = await office.booking(slow=True)
    dead = office.conductor
    await dead.run_once()
    await office.pool.execute("UPDATE leases SET held_at = now() - interval '1 min'")
    office.conductor = office.another()

    office.bank.goes_on.set()

    await until(office.conductor.run_once)
    assert (await office.left(slow), office.bank.times(slow)) == ([], 2)


async def test_who_stops_calls_everybody_back_and_leaves_the_orders(office: Office) -> None:
    slow = await office.booking(slow=True)
    await office.conductor.run_once()

    await office.conductor.release()

    assert office.bank.called_back == 1
    assert await office.left(slow) == ["charge"]


async def test_who_has_paid_is_not_behind_the_charges_that_wait(office: Office) -> None:
    """The bank answers nobody, and two thousand charges wait; messages and Redis' orders go on."""
    paid = await office.booking(slow=False)
    await office.conductor.run_once()
    waiting = [uuid.uuid4() for _ in range(2_000)]
    await office.pool.execute(MANY_BOOKINGS, waiting)
    await office.pool.execute(MANY_PAYMENTS, waiting)
    office.bank.slow.update(waiting)
    async with office.pool.acquire() as connection, connection.transaction():
        orders = [outbox.order(one, "demo", kind, 1, 1) for one in waiting for kind in CHARGING]
        await outbox.enqueue(connection, orders)
    await office.conductor.run_once()
    await office.send(outbox.message("bank:paid", paid, "demo", "charged", 1))

    assert await office.conductor.run_once() == 1

    assert (await office.left(paid))[0] == "mark_sold"
    assert len(office.bank.asked) == 1 + IN_FLIGHT_MAX


async def test_what_costs_nothing_needs_no_bank(office: Office) -> None:
    waiting = [await office.booking(slow=True) for _ in range(3)]
    free = uuid.uuid4()
    await office.pool.execute(BOOKING, free)
    await office.pool.execute(PAYMENT, free)
    await office.pool.execute("UPDATE payments SET amount = 0 WHERE booking = $1", free)
    await office.send(outbox.order(free, "demo", "charge", 1, 1))

    assert await office.conductor.run_once() == 1

    lanes = await office.pool.fetch("SELECT booking, lane FROM outbox WHERE kind = 'charge'")
    assert {row["booking"]: row["lane"] for row in lanes} == {
        **dict.fromkeys(waiting, "bank"), free: ""
    }  # fmt: skip
    assert await office.left(free) == ["charged"]


CHARGING = ("charge", "tell")
MANY_BOOKINGS = f"""
    INSERT INTO bookings (id, event, visitor, state, section, seats, quantity, prices, currency,
        total, adjacent, key, fingerprint, number, wave, made_ms, until_ms, first_until_ms,
        extensions_left, extensions_first, extended_ms, step, attempt, claimed)
    SELECT unnest($1::uuid[]), {BOOKING.partition("VALUES ($1, ")[2].strip().rstrip(")")}, 1, true
"""
MANY_PAYMENTS = f"""
    INSERT INTO payments (booking, attempt, provider, method, amount, currency, pay_until_ms)
    SELECT unnest($1::uuid[]), {PAYMENT.partition("VALUES ($1, ")[2].strip().rstrip(")")}
"""
