"""Kafka as the log of the saga: a consumer group, whose workers divide the bookings.

Offsets are told after Postgres has committed what follows, contiguously. Whatever comes twice,
after a crash, a rebalance or a pause, is passed over by what Postgres knows.
"""

import logging
import time
import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.offsets import OffsetTracker, Part
from booking_rush.booking.kafka.topics import make_missing
from booking_rush.booking.messaging import cloud_events, dead_letters, message_log
from booking_rush.booking.messaging.cloud_events import UnreadableError
from booking_rush.booking.messaging.dead_letters import DeadLetter
from booking_rush.booking.messaging.message_log import Failure, Rejection, pause_s
from booking_rush.booking.messaging.outbox import NAMES, Envelope, mark_done
from booking_rush.postgres import Pool
from booking_rush.tasks import with_deadline

log = logging.getLogger(__name__)

GROUP = "rush.conduct"
SHELF_MAX = 20_000  # then nothing more is taken until some of it is settled
WAIT_MS = 50
METADATA_MS = 5_000  # how soon a topic that was made anew is seen
STOP_S = 1.0


class KafkaLog(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """One worker of the group; `instance` names it over restarts, which then move nothing."""

    def __init__(
        self, pool: Pool, cluster: Cluster, *, instance: str = "", session_s: float = 10.0
    ) -> None:
        self._pool = pool
        self._cluster = cluster
        self._options: dict[str, Any] = {
            **cluster.options,
            "group_id": GROUP,
            "group_instance_id": instance or None,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "session_timeout_ms": int(session_s * 1000),
            "heartbeat_interval_ms": int(session_s * 1000 / 5),
            "metadata_max_age_ms": METADATA_MS,
            "partition_assignment_strategy": (RangePartitionAssignor,),
        }
        self._consumer: Any = None
        self._shelf = OffsetTracker()
        self._taken: list[Any] = []  # records that are not on the shelf yet

    async def read(self, busy: Collection[UUID] = ()) -> list[Envelope]:
        """Take what has come, unless too much is here; and hand over what need not wait.

        Raises:
            KafkaError: no broker answers; what is here is handed over again when one does.
            asyncpg.PostgresError, OSError: Postgres did not answer; ask again.
        """
        try:
            await self._take(busy)
        except KafkaError:
            await self.close()
            raise
        return self._shelf.ready(time.monotonic(), message_log.ROWS_MAX, busy)

    async def done(self, envelopes: Sequence[Envelope]) -> None:
        """Mark them in Postgres, then tell how far everything is read."""
        await mark_done(self._pool, [one.id for one in envelopes])
        self._shelf.settle(envelopes)
        await self._commit()

    async def retry(self, failures: Sequence[Failure]) -> None:
        """Keep them here until they are due."""
        for failure in failures:
            until = time.monotonic() + pause_s(failure.envelope.tries)
            self._shelf.wait(failure.envelope, until)

    async def reject(self, burials: Sequence[Rejection]) -> None:
        """Keep them among the dead, and go on behind them."""
        await dead_letters.reject(self._pool, burials)
        self._shelf.settle(burial.envelope for burial in burials)
        await self._commit()

    async def lag(self) -> int:
        """How much is here, and how much is on the topics behind it."""
        behind = len(self._shelf)
        for part in self._consumer.assignment() if self._consumer else ():
            highest = self._consumer.highwater(part)
            if highest is not None:
                behind += max(0, highest - await self._consumer.position(part))
        return behind

    async def close(self) -> None:
        """Leave the group; what is here is read again from where we told we were."""
        consumer, self._consumer, self._shelf, self._taken = (
            self._consumer,
            None,
            OffsetTracker(),
            [],
        )
        if consumer is not None:
            with suppress(TimeoutError):
                await with_deadline(consumer.stop(), STOP_S)

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, revoked: Collection[TopicPartition]
    ) -> None:
        """Tell how far we are, and forget what is somebody else's now."""
        await self._commit()
        gone = {(part.topic, part.partition) for part in revoked}
        self._shelf.drop(gone)
        self._taken = [one for one in self._taken if (one.topic, one.partition) not in gone]

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, assigned: Collection[TopicPartition]
    ) -> None:
        """What is read begins where the last owner told it was."""
        log.info("reads parts=%d", len(assigned))

    async def _take(self, busy: Collection[UUID]) -> None:
        if self._consumer is None:
            await make_missing(self._cluster)
            consumer = AIOKafkaConsumer(**self._options)
            await consumer.start()
            consumer.subscribe([cloud_events.ORDERS, cloud_events.MESSAGES], listener=self)
            self._consumer = consumer
        if len(self._shelf) >= SHELF_MAX:
            return
        if not self._taken:  # else Postgres did not answer an earlier call
            wait_ms = 0 if self._shelf.ready(time.monotonic(), 1, busy) else WAIT_MS
            found = await self._consumer.getmany(
                timeout_ms=wait_ms, max_records=message_log.ROWS_MAX
            )
            self._taken = [record for records in found.values() for record in records]
        if self._taken:
            await self._put(self._taken)
            self._taken = []
            await self._commit()

    async def _put(self, records: Sequence[Any]) -> None:
        """Read what came; what Postgres knows to be done, or dead, is passed over."""
        read: list[tuple[Part, int, Envelope | None]] = []
        strange: list[DeadLetter] = []
        for record in records:
            part = record.topic, record.partition
            try:
                read.append((part, record.offset, cloud_events.read(record.topic, record.value)))
            except UnreadableError as why:
                strange.append(_raw(record, str(why)))
                read.append((part, record.offset, None))
        if strange:
            await dead_letters.put(self._pool, strange)
        rows = await self._pool.fetch(
            "SELECT id FROM outbox WHERE id = ANY($1) AND (done_at IS NOT NULL OR parked)",
            [one.id for _, _, one in read if one is not None],
        )
        over = {row["id"] for row in rows}
        for part, offset, one in read:
            self._shelf.add(part, offset, None if one is None or one.id in over else one)

    async def _commit(self) -> None:
        read = self._shelf.read_up_to()
        if not read or self._consumer is None:
            return
        ours = self._consumer.assignment()
        offsets = {
            part: offset
            for (topic, number), offset in read.items()
            if (part := TopicPartition(topic, number)) in ours
        }
        try:
            if offsets:
                await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as why:
            log.warning("parts are somebody else's why=%s", why)
            self._shelf = OffsetTracker()


def _raw(record: Any, why: str) -> DeadLetter:
    value: bytes = record.value or b""
    id_ = uuid.uuid5(NAMES, f"{record.topic}:{record.partition}:{record.offset}:{record.timestamp}")
    key = (record.key or b"").decode(errors="replace").replace("\0", "")
    log.error("unreadable topic=%s offset=%d why=%s", record.topic, record.offset, why)
    return DeadLetter(id_, record.topic, key, value, "unreadable", why.replace("\0", ""), 0)
