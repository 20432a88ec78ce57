"""Orders that break: parked for all to see, tried again until they work, and never twice dead."""

import uuid
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
from redis.asyncio import Redis

from booking_rush.booking.messaging import dead_letters, outbox
from booking_rush.booking.messaging.message_log import Rejection
from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.booking.payments.provider import Payment, PaymentRefusedError
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.booking.saga.orders import ORDERS, OrderContext, OrderData
from booking_rush.booking.saga.state_machine import Message
from booking_rush.booking.saga.watchdog import Watchdog
from booking_rush.lua.client.program import MoveFailedError, Program
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry
from tests.support.message_log import BOOKING
from tests.support.payment_providers import SilentProvider
from tests.support.practice_bank import PAYMENT

STILL_S = 30.0
TRIES_MAX = 2


class RefusingBank(SilentProvider):
    """A bank that refuses every refund for good: the buyer disputes the charge."""

    async def refund(self, payment: Payment) -> None:
        await super().refund(payment)
        raise PaymentRefusedError("charge_disputed", "the buyer disputes it")


class Night:
    """A conductor and its watchdog, run by the test, without the pauses between tries."""

    def __init__(self, pool: Pool, redis: Redis) -> None:
        self.pool = pool
        payments = PaymentRouter([RefusingBank()], "bank")
        registry = EventRegistry(pool, Program(redis))
        self.conductor = Conductor(pool, registry, payments, "tests", tries_max=TRIES_MAX)
        self.watchdog = Watchdog(pool, payments, "tests", still_s=STILL_S)

    async def booking(self, state: str, kind: str) -> UUID:
        """Insert a booking in this state, and enqueue an order of it."""
        id_ = uuid.uuid4()
        await self.pool.execute(BOOKING, id_)
        await self.pool.execute(PAYMENT, id_)
        await self.pool.execute("UPDATE bookings SET state = $1, attempt = 1, paid = 1", state)
        async with self.pool.acquire() as connection, connection.transaction():
            await outbox.enqueue(connection, [outbox.order(id_, "demo", kind, 1, 1)])
        return id_

    async def works(self, times: int = TRIES_MAX) -> None:
        for _ in range(times):
            await self.conductor.run_once()
            await self.pool.execute(
                "UPDATE outbox SET due_at = now(), retry_at = retry_at - interval '1 hour'"
            )


@pytest.fixture
async def night(pool: Pool, redis: Redis) -> AsyncGenerator[Night]:
    await pool.execute(
        "INSERT INTO events (id, name, state, rules) VALUES ('demo', 'E', 'open', '{}')"
    )
    night = Night(pool, redis)
    yield night
    await night.conductor.release()


async def test_what_gives_stock_back_is_tried_until_it_works(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five breaks in a row once buried an order, and with it the seats of its booking."""
    is_broken = True

    async def free(context: OrderContext, order: Envelope, data: OrderData) -> Message | None:
        if is_broken:
            raise MoveFailedError("a mistake of ours")
        return None

    monkeypatch.setitem(ORDERS, "free", free)
    await night.booking("released", "free")
    for parked in range(1, 5):
        await night.works()
        [letter] = await dead_letters.list_(night.pool)
        assert (letter.reason, letter.replayed_at) == ("broken", None)
        assert await night.pool.fetchval("SELECT rounds FROM outbox WHERE parked") == parked
        assert await night.watchdog.unpark() == 1

    is_broken = False
    await night.works()

    assert await dead_letters.list_(night.pool) == []
    assert await night.pool.fetchval("SELECT count(*) FROM outbox WHERE done_at IS NULL") == 0


async def test_the_rounds_grow_to_a_minute(night: Night) -> None:
    await night.booking("released", "free")
    await night.pool.execute("UPDATE outbox SET rounds = 30")
    [row] = await night.pool.fetch(ENVELOPE)
    rejection = Rejection(Envelope(*row), "broken", "a mistake", is_retried=True)
    await dead_letters.reject(night.pool, [rejection])
    wait_s = await night.pool.fetchval(
        "SELECT extract(epoch FROM retry_at - now())::float8 FROM outbox"
    )
    assert 30 < wait_s <= 60


async def test_a_refund_that_is_refused_for_good_is_dead_once(night: Night) -> None:
    await night.booking("refunding", "refund")
    for _ in range(3):
        await night.works()
        await night.pool.execute(
            "UPDATE bookings SET changed_at = now() - make_interval(secs => $1)", 2 * STILL_S
        )
        assert await night.watchdog.resend_stalled() == 0
        assert await night.watchdog.unpark() == 0
    [letter] = await dead_letters.list_(night.pool)
    assert letter.reason == "refused"
    assert await night.pool.fetchval("SELECT count(*) FROM outbox WHERE kind = 'refund'") == 1


ENVELOPE = "SELECT id, booking, event, topic, kind, attempt, step, tries FROM outbox"
