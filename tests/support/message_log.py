"""A test harness for the saga's logs: a log, a relay that fills it, and its workers."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from aiokafka import AIOKafkaProducer

from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.kafka_log import KafkaLog
from booking_rush.booking.kafka.relay import Relay
from booking_rush.booking.messaging import outbox
from booking_rush.booking.messaging.message_log import MessageLog
from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.booking.messaging.table_log import TableLog
from booking_rush.postgres import Pool
from tests.support.clients import until

BOOKING = """
    INSERT INTO bookings (id, event, visitor, state, section, seats, quantity, prices, currency,
        total, adjacent, key, fingerprint, number, wave, made_ms, until_ms, first_until_ms,
        extensions_left, extensions_first, extended_ms, step)
    VALUES ($1, 'demo', 'v', 'paying', 'floor', '{}', 1, '{5}', 'EUR', 5, true, 'k', 'f', 1, 1, 1,
        1, 1, 0, 0, 0, 1)
"""


class LogHarness:
    """A log of either kind, with a relay that fills it and a worker that can be restarted."""

    def __init__(self, pool: Pool, kafka: Cluster | None) -> None:
        self.pool = pool
        self.kafka = kafka
        self.relay = Relay(pool, kafka, lambda claims: "signed", "tests") if kafka else None
        self.log = self.new_worker()

    def new_worker(self) -> MessageLog:
        if self.kafka:
            return KafkaLog(self.pool, self.kafka, instance="tests", session_s=2)
        return TableLog(self.pool, f"tests/{uuid.uuid4()}")

    async def booking(self) -> UUID:
        id_ = uuid.uuid4()
        await self.pool.execute(BOOKING, id_)
        return id_

    async def send(self, *envelopes: Envelope) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await outbox.enqueue(connection, envelopes)
        await self.relay_all()

    async def relay_all(self) -> None:
        """Relay everything in the outbox to Kafka, if that is the log."""
        if self.relay is not None:
            while await self.relay.run_once() or await self.relay.waiting():
                pass

    async def read_all(self, *envelopes: Envelope) -> list[Envelope]:
        """Read until these envelopes are delivered. Return the last batch that was read."""
        found: list[Envelope] = []

        async def are_there() -> bool:
            found[:] = await self.log.read()
            return {one.id for one in envelopes} <= {one.id for one in found}

        await until(are_there, within_s=30)
        return found

    async def restart(self) -> None:
        """Replace the worker by a new one."""
        await self.log.close()
        self.log = self.new_worker()

    async def close(self) -> None:
        await self.log.close()
        if self.relay is not None:
            await self.relay.close()


@asynccontextmanager
async def open_log_harness(pool: Pool, kafka: Cluster | None) -> AsyncGenerator[LogHarness]:
    await pool.execute(
        "INSERT INTO events (id, name, state, rules) VALUES ('demo', 'E', 'open', '{}')"
    )
    harness = LogHarness(pool, kafka)
    try:
        yield harness
    finally:
        await harness.close()


def order(booking: UUID, kind: str = "tell", step: int = 1) -> Envelope:
    return outbox.order(booking, "demo", kind, 1, step)


def envelopes_of(booking: UUID, found: list[Envelope]) -> list[Envelope]:
    return [one._replace(tries=0) for one in found if one.booking == booking]


@asynccontextmanager
async def producing(bootstrap: str) -> AsyncGenerator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, compression_type="lz4"
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
