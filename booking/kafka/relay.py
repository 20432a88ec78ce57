"""The relay duty: what Postgres has to tell goes to Kafka, in order per booking, at least once.

Rows are read, sent, and marked when the broker has them; no row is locked meanwhile. A producer
that cannot deliver is thrown away with what it had, and the rows are read again.
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

from booking_rush.booking.holds.bookings import Sign, booking_of
from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.topics import make_missing
from booking_rush.booking.messaging import cloud_events
from booking_rush.booking.messaging.cloud_events import Headers
from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.lease import Lease
from booking_rush.postgres import Pool
from booking_rush.tasks import with_deadline

log = logging.getLogger(__name__)

ROWS_MAX = 2000
BATCH_BYTES = 256 * 1024
SEND_S = 10.0
STOP_S = 1.0


class Record(NamedTuple):
    """A row as it is sent; `row` is what marks it."""

    row: Any
    topic: str
    key: bytes
    value: bytes
    headers: Headers


class RelaySource(NamedTuple):
    """A table that is told: its rows, the oldest first, and what marks them."""

    read: str
    letter: Callable[[asyncpg.Record, Sign], Record]
    mark: str


class Relay:
    """Sends while it holds the lease."""

    def __init__(self, pool: Pool, cluster: Cluster, sign: Sign, holder: str) -> None:
        self._pool = pool
        self._cluster = cluster
        self._sign = sign
        self._lease = Lease(pool, "relay", holder)
        self._producer: Any = None
        self._partition = DefaultPartitioner()

    async def run_once(self) -> int:
        """Send what there is; how many rows it was.

        Raises:
            KafkaError, TimeoutError: no broker took it; everything is there still.
            asyncpg.PostgresError, OSError: Postgres did not answer; ask again.
        """
        if not await self._lease.is_held():
            return 0
        return sum([await self._tell(source) for source in SOURCES])

    async def waiting(self) -> int:
        """How many rows are still to be sent."""
        return await self._pool.fetchval(WAITING)  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Let another send."""
        await self._throw_away()
        await self._lease.release()

    async def _tell(self, source: RelaySource) -> int:
        rows = await self._pool.fetch(source.read, ROWS_MAX)
        if not rows:
            return 0
        try:
            await with_deadline(
                self._send([source.letter(row, self._sign) for row in rows]), SEND_S
            )
        except (KafkaError, TimeoutError):
            await self._throw_away()
            raise
        await self._pool.execute(source.mark, [row[0] for row in rows])
        return len(rows)

    async def _send(self, letters: Sequence[Record]) -> None:
        """Send these, and wait until the broker has them all."""
        producer = await self._open()
        by_part = defaultdict[tuple[str, int], list[Record]](list)
        for letter in letters:
            parts = sorted(await producer.partitions_for(letter.topic))
            by_part[letter.topic, self._partition(letter.key, parts, parts)].append(letter)
        sending = [self._fill(producer, *part, some) for part, some in by_part.items()]
        for futures in await asyncio.gather(*sending):
            await asyncio.gather(*futures)

    async def _fill(
        self, producer: Any, topic: str, part: int, letters: Sequence[Record]
    ) -> list[Any]:
        """Hand over the letters of one part, in as few batches as hold them."""
        futures: list[Any] = []
        batch = producer.create_batch()
        for letter in letters:
            message = {"key": letter.key, "value": letter.value, "headers": letter.headers}
            if batch.append(**message, timestamp=None) is None:
                futures.append(await producer.send_batch(batch, topic, partition=part))
                batch = producer.create_batch()
                batch.append(**message, timestamp=None)
        futures.append(await producer.send_batch(batch, topic, partition=part))
        return futures

    async def _open(self) -> Any:
        if self._producer is None:
            made = await make_missing(self._cluster)
            log.info("sends to=%s made=%s", self._cluster.bootstrap, ",".join(made) or "nothing")
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

    async def _throw_away(self) -> None:
        """Stop the producer; what it cannot deliver it would wait with for ever."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            await with_deadline(producer.stop(), STOP_S)
        except TimeoutError:
            with suppress(TimeoutError):
                await with_deadline(producer.client.close(), STOP_S)


def _of_saga(row: asyncpg.Record, sign: Sign) -> Record:
    one = Envelope(*row[1:8])
    headers = cloud_events.headers(cloud_events.type_of(one), one.booking, one.id)
    topic = cloud_events.topic_of(one)
    return Record(row[0], topic, str(one.booking).encode(), cloud_events.saga(one), headers)


def _of_state(row: asyncpg.Record, sign: Sign) -> Record:
    """A state as it was then: what a booking is paid with is nobody's business here."""
    booking = booking_of(row)
    span = UUID(int=booking.id.int ^ (booking.step << 64))
    value = cloud_events.state(
        booking.shown(sign), step=booking.step, at=row["stated_at"], span=span
    )
    headers = cloud_events.headers(f"booking.{booking.state}", booking.id, span)
    return Record(row[0], cloud_events.BOOKINGS, str(booking.id).encode(), value, headers)


def _of_dead(row: asyncpg.Record, sign: Sign) -> Record:
    headers = [
        (name, str(row[name]).encode()) for name in ("id", "topic", "reason", "detail", "tries")
    ]
    return Record(row["id"], cloud_events.DEAD, row["key"].encode(), row["value"], headers)


SOURCES = (
    RelaySource(
        """
        SELECT seq, id, booking, event, topic, kind, attempt, step FROM outbox
        WHERE published_at IS NULL AND done_at IS NULL AND NOT parked ORDER BY seq LIMIT $1
        """,
        _of_saga,
        "UPDATE outbox SET published_at = now() WHERE seq = ANY($1)",
    ),
    RelaySource(
        """
        SELECT states.seq, bookings.id, event, visitor, states.state, states.reason, states.step,
            section, seats, quantity, prices, bookings.currency, total, states.attempt, paid,
            coalesce(provider, '') AS provider, '' AS client_secret, states.at AS stated_at
        FROM states JOIN bookings ON bookings.id = states.booking
        LEFT JOIN payments ON payments.booking = states.booking
            AND payments.attempt = states.attempt
        WHERE states.published_at IS NULL ORDER BY states.seq LIMIT $1
        """,
        _of_state,
        "UPDATE states SET published_at = now() WHERE seq = ANY($1)",
    ),
    RelaySource(
        """
        SELECT id, topic, key, value, reason, detail, tries FROM dead
        WHERE published_at IS NULL ORDER BY at LIMIT $1
        """,
        _of_dead,
        "UPDATE dead SET published_at = now() WHERE id = ANY($1)",
    ),
)

WAITING = """
    SELECT (SELECT count(*) FROM outbox
            WHERE published_at IS NULL AND done_at IS NULL AND NOT parked)
        + (SELECT count(*) FROM states WHERE published_at IS NULL)
"""
