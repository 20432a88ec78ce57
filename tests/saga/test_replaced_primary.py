"""Orders that a replaced primary still obeys: they are given again to the one that replaced it."""

import uuid

from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.messaging import outbox
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry
from tests.support.payment_providers import SilentProvider
from tests.support.servers.stores import Store
from tests.support.store_agreement import seat_marks
from tests.support.world import new_event

SEAT = "stalls.A-1"
SOLD = """
    INSERT INTO bookings (id, event, visitor, state, section, seats, quantity, prices, currency,
        total, adjacent, key, fingerprint, number, wave, made_ms, until_ms, first_until_ms,
        extensions_left, extensions_first, extended_ms, step)
    VALUES ($1, 'demo', 'v', 'confirmed', '', $2, 1, '{5}', 'EUR', 5, true, 'k', 'f', 1, 1, 1,
        1, 1, 0, 0, 0, 1)
"""


def conductor_on(pool: Pool, redis: Redis, holder: str) -> Conductor:
    registry = EventRegistry(pool, Program(redis))
    return Conductor(pool, registry, PaymentRouter([SilentProvider()], "bank"), holder)


def recorder_on(pool: Pool, redis: Redis, holder: str) -> Recorder:
    return Recorder(pool, redis, Program(redis), holder)


async def sell_a_seat(pool: Pool) -> uuid.UUID:
    """Put an event on sale of which one seat is sold. Return its booking."""
    await Catalogue(pool).create(new_event(), who="tests")
    await pool.execute("UPDATE events SET state = 'open'")
    booking = uuid.uuid4()
    await pool.execute(SOLD, booking, [SEAT])
    await pool.execute("INSERT INTO claims (event, seat, booking) VALUES ('demo', $1, $2)",
                       SEAT, booking)  # fmt: skip
    return booking


async def give_back(pool: Pool, booking: uuid.UUID) -> None:
    """Refund a booking: its seats are nobody's, and the order to free them is enqueued."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE bookings SET state = 'refunded', step = 2")
        await connection.execute("DELETE FROM claims")
        await outbox.enqueue(connection, [outbox.order(booking, "demo", "free", 0, 2)])


async def test_a_seat_that_the_replaced_primary_frees_is_freed_in_the_new_one(
    pool: Pool, redis: Redis, own_redis: Store
) -> None:
    booking = await sell_a_seat(pool)
    await recorder_on(pool, redis, "tests/1").run_once()
    late = conductor_on(pool, redis, "tests/late")
    await late.run_once()  # its gate is open, and it has the lease
    async with connect(own_redis.url) as replacing:
        await recorder_on(pool, replacing, "tests/2").rebuild("demo")
        await give_back(pool, booking)

        assert await late.run_once() == 0

        await late.release()
        await pool.execute("UPDATE outbox SET due_at = at")
        assert await conductor_on(pool, replacing, "tests/next").run_once() == 1
        assert (await seat_marks(replacing, pool, "demo"))[SEAT] == "."
