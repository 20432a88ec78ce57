"""The relay duty: sends outbox, states and dead letters from Postgres to Kafka.

Delivery is at least once and in order per booking. Rows are selected, sent, and marked once the
broker has acknowledged them; no row is locked meanwhile. A producer that cannot deliver is
discarded with its batches, and the rows are selected again.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from booking_rush.booking.holds.bookings import SHOWS_OF_BOOKING, Sign, booking_of
from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.topics import create_missing
from booking_rush.booking.messaging import cloud_events
from booking_rush.booking.messaging.cloud_events import Headers
from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.lease import Lease
from booking_rush.postgres import Pool
from booking_rush.tasks import with_deadline
from booking_rush.tracing import spans
from booking_rush.tracing.spans import Work

log = logging.getLogger(__name__)

ROWS_MAX = 2000
BATCH_BYTES = 256 * 1024
SEND_S = 10.0
STOP_S = 1.0


class Record(NamedTuple):
    """A record for Kafka; `row` is the key by which its row is marked as published."""

    row: Any
    topic: str
    key: bytes
    value: bytes
    headers: Headers


class RelaySource(NamedTuple):
    """A table to relay: its SELECT, oldest rows first, each row's record, and its UPDATE."""

    select: str
    record: Callable[[asyncpg.Record, Sign], Record]
    mark: str


class Relay:
    """The relay of one process, which sends only while it holds the lease."""

    def __init__(self, pool: Pool, cluster: Cluster, sign: Sign, holder: str) -> None:
        self._pool = pool
        self._cluster = cluster
        self._sign = sign
        self._lease = Lease(pool, "relay", holder)
        self._producer: Any = None
        self._partition = DefaultPartitioner()

    async def run_once(self) -> int:
        """Send unpublished rows of each table. Return how many were sent.

        Raises:
            KafkaError, TimeoutError: no broker acknowledged; the rows stay unpublished.
            asyncpg.PostgresError, OSError: Postgres did not answer; call again later.
        """
        if not await self._lease.is_held():
            return 0
        return sum([await self._relay(source) for source in SOURCES])

    async def waiting(self) -> int:
        """Return the number of unpublished rows, dead letters excepted."""
        return await self._pool.fetchval(COUNT_UNPUBLISHED)  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Release the lease, so that another process can send."""
        await self._discard_producer()
        await self._lease.release()

    async def _relay(self, source: RelaySource) -> int:
        rows = await self._pool.fetch(source.select, ROWS_MAX)
        if not rows:
            return 0
        works = {str(row["id"]): Work("publish", row["trace"]) for row in rows if row.get("trace")}
        try:
            with spans.batch(works, "producer"):
                records = [source.record(row, self._sign) for row in rows]
                await with_deadline(self._send(records), SEND_S)
        except (KafkaError, TimeoutError):
            await self._discard_producer()
            raise
        await self._pool.execute(source.mark, [row[0] for row in rows])
        return len(rows)

    async def _send(self, records: Sequence[Record]) -> None:
        """Send records, and wait until the broker has acknowledged all of them."""
        producer = await self._open()
        by_partition = defaultdict[tuple[str, int], list[Record]](list)
        for record in records:
            numbers = sorted(await producer.partitions_for(record.topic))
            by_partition[record.topic, self._partition(record.key, numbers, numbers)].append(record)
        sending = [
            self._send_batches(producer, *partition, some)
            for partition, some in by_partition.items()
        ]
        for futures in await asyncio.gather(*sending):
            await asyncio.gather(*futures)

    async def _send_batches(
        self, producer: Any, topic: str, partition: int, records: Sequence[Record]
    ) -> list[Any]:
        """Send the records of one partition in as few batches as possible. Return their futures."""
        futures: list[Any] = []
        batch = producer.create_batch()
        for record in records:
            message = {"key": record.key, "value": record.value, "headers": record.headers}
            if batch.append(**message, timestamp=None) is None:
                futures.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(**message, timestamp=None)
        futures.append(await producer.send_batch(batch, topic, partition=partition))
        return futures

    async def _open(self) -> Any:
        if self._producer is None:
            created = await create_missing(self._cluster)
            made = ",".join(created) or "nothing"
            log.info("sends to=%s made=%s", self._cluster.bootstrap, made)
            producer = AIOKafkaProducer(
                **self._cluster.options,
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                max_batch_size=BATCH_BYTES,
                linger_ms=0,
            )
            self._producer = producer
            await producer.start()
        return self._producer

    async def _discard_producer(self) -> None:
        """Stop the producer within STOP_S, for it would wait for undelivered batches forever."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            await with_deadline(producer.stop(), STOP_S)
        except TimeoutError:
            with suppress(TimeoutError):
                await with_deadline(producer.client.close(), STOP_S)


def _saga_record(row: asyncpg.Record, sign: Sign) -> Record:
    trace = spans.context_of(str(row["id"])) or row["trace"]
    id_, booking, event, topic, kind, attempt, step = row[:7]
    envelope = Envelope(id_, booking, event, topic, kind, attempt, step, trace=trace)
    return Record(
        row[0],
        cloud_events.topic_of(envelope),
        str(envelope.booking).encode(),
        cloud_events.serialize(envelope),
        cloud_events.headers(cloud_events.type_of(envelope), envelope.booking, envelope.id, trace),
    )


def _state_record(row: asyncpg.Record, sign: Sign) -> Record:
    """Return a past state of a booking, without its client secret and its buyer's name.

    What was sent to Kafka cannot be erased there.
    """
    booking = booking_of(row)
    span = UUID(int=booking.id.int ^ (booking.step << 64))
    value = cloud_events.serialize_state(
        booking.members(sign), step=booking.step, at=row["stated_at"], span=span
    )
    headers = cloud_events.headers(f"booking.{booking.state}", booking.id, span)
    return Record(row[0], cloud_events.BOOKINGS, str(booking.id).encode(), value, headers)


def _dead_letter_record(row: asyncpg.Record, sign: Sign) -> Record:
    headers = [
        (name, str(row[name]).encode()) for name in ("id", "topic", "reason", "detail", "tries")
    ]
    return Record(row["id"], cloud_events.DEAD, row["key"].encode(), row["value"], headers)


SOURCES = (
    RelaySource(
        """
        SELECT id, booking, event, topic, kind, attempt, step, trace FROM outbox
        WHERE published_at IS NULL AND done_at IS NULL AND NOT parked ORDER BY seq LIMIT $1
        """,
        _saga_record,
        "UPDATE outbox SET published_at = now() WHERE id = ANY($1)",
    ),
    RelaySource(
        f"""
        SELECT states.seq, bookings.id, event, visitor, states.state, states.reason, states.step,
            section, seats, quantity, prices, bookings.currency, total, states.attempt, paid,
            coalesce(provider, '') AS provider, '' AS client_secret, states.at AS stated_at,
            made_ms, {SHOWS_OF_BOOKING} AS shows, '' AS name
        FROM states JOIN bookings ON bookings.id = states.booking
        LEFT JOIN payments ON payments.booking = states.booking
            AND payments.attempt = states.attempt
        WHERE states.published_at IS NULL ORDER BY states.seq LIMIT $1
        """,  # noqa: S608  a name of bookings
        _state_record,
        "UPDATE states SET published_at = now() WHERE seq = ANY($1)",
    ),
    RelaySource(
        """
        SELECT id, topic, key, value, reason, detail, tries FROM dead
        WHERE published_at IS NULL ORDER BY at LIMIT $1
        """,
        _dead_letter_record,
        "UPDATE dead SET published_at = now() WHERE id = ANY($1)",
    ),
)

COUNT_UNPUBLISHED = """
    SELECT (SELECT count(*) FROM outbox
            WHERE published_at IS NULL AND done_at IS NULL AND NOT parked)
        + (SELECT count(*) FROM states WHERE published_at IS NULL)
"""
