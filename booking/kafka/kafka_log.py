"""Kafka as the saga's log: a consumer group, whose workers divide the bookings.

Offsets are committed contiguously, after the results are committed in Postgres. Records that are
delivered twice, after a crash, a rebalance or a pause, are skipped by what Postgres has marked.
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
from booking_rush.booking.kafka.offsets import OffsetTracker, Partition
from booking_rush.booking.kafka.topics import create_missing
from booking_rush.booking.messaging import cloud_events, dead_letters, message_log
from booking_rush.booking.messaging.cloud_events import UnreadableError
from booking_rush.booking.messaging.dead_letters import DeadLetter
from booking_rush.booking.messaging.message_log import Failure, Rejection, pause_s
from booking_rush.booking.messaging.outbox import NAMESPACE, Envelope, mark_done
from booking_rush.postgres import Pool
from booking_rush.tasks import with_deadline

log = logging.getLogger(__name__)

GROUP = "rush.conduct"
TRACKED_MAX = 20_000  # of a topic; then nothing more is fetched of it until some is settled
WAIT_MS = 50
METADATA_MS = 5_000  # until a topic that was created again is seen
STOP_S = 1.0


class KafkaLog(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """One worker of the group; with a static `instance` id its restarts rebalance nothing."""

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
        self._tracker = OffsetTracker()
        self._fetched: list[Any] = []  # records that are not tracked yet

    async def read(self, busy: Collection[UUID] = (), full: Collection[str] = ()) -> list[Envelope]:
        """Fetch records of topics of which not too many are unsettled. Return what is due.

        Raises:
            KafkaError: no broker answers; unsettled envelopes are delivered again later.
            asyncpg.PostgresError, OSError: Postgres did not answer; call again later.
        """
        try:
            await self._fetch(busy, full)
        except KafkaError:
            await self.close()
            raise
        return self._tracker.ready(time.monotonic(), message_log.ROWS_MAX, busy, full)

    async def done(self, envelopes: Sequence[Envelope]) -> None:
        """Mark handled envelopes in Postgres, then commit offsets."""
        await mark_done(self._pool, [one.id for one in envelopes])
        self._tracker.settle(envelopes)
        await self._commit()

    async def retry(self, failures: Sequence[Failure]) -> None:
        """Deliver failed envelopes again from memory when they are due."""
        for failure in failures:
            due_at = time.monotonic() + pause_s(failure.envelope.tries)
            self._tracker.retry_at(failure.envelope, due_at)

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """Save rejected envelopes as dead letters, then commit offsets."""
        await dead_letters.reject(self._pool, rejections)
        self._tracker.settle(rejection.envelope for rejection in rejections)
        await self._commit()

    async def lag(self) -> int:
        """Return the number of unsettled envelopes and of records that are not fetched yet."""
        behind = len(self._tracker)
        for partition in self._consumer.assignment() if self._consumer else ():
            highest = self._consumer.highwater(partition)
            if highest is not None:
                behind += max(0, highest - await self._consumer.position(partition))
        return behind

    async def close(self) -> None:
        """Leave the group; unsettled records are fetched again from the committed offsets."""
        consumer, self._consumer = self._consumer, None
        self._tracker, self._fetched = OffsetTracker(), []
        if consumer is not None:
            with suppress(TimeoutError):
                await with_deadline(consumer.stop(), STOP_S)

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, revoked: Collection[TopicPartition]
    ) -> None:
        """Commit offsets, and forget records of partitions that another worker has now."""
        await self._commit()
        gone = {(one.topic, one.partition) for one in revoked}
        self._tracker.revoke(gone)
        self._fetched = [one for one in self._fetched if (one.topic, one.partition) not in gone]

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, assigned: Collection[TopicPartition]
    ) -> None:
        """Log the assignment; aiokafka starts at the committed offsets."""
        log.info("reads parts=%d", len(assigned))

    async def _fetch(self, busy: Collection[UUID], full: Collection[str]) -> None:
        if self._consumer is None:
            await create_missing(self._cluster)
            consumer = AIOKafkaConsumer(**self._options)
            await consumer.start()
            consumer.subscribe([cloud_events.ORDERS, cloud_events.MESSAGES], listener=self)
            self._consumer = consumer
        self._pause_full_topics()
        if not self._fetched:  # else Postgres did not answer an earlier call
            wait_ms = 0 if self._tracker.ready(time.monotonic(), 1, busy, full) else WAIT_MS
            found = await self._consumer.getmany(
                timeout_ms=wait_ms, max_records=message_log.ROWS_MAX
            )
            self._fetched = [record for records in found.values() for record in records]
        if self._fetched:
            await self._track(self._fetched)
            self._fetched = []
            await self._commit()

    def _pause_full_topics(self) -> None:
        """Fetch nothing of a topic of which TRACKED_MAX are unsettled; the other one goes on."""
        for topic, name in cloud_events.TOPIC_NAMES.items():
            partitions = [one for one in self._consumer.assignment() if one.topic == name]
            if self._tracker.count(topic) >= TRACKED_MAX:
                self._consumer.pause(*partitions)
            else:
                self._consumer.resume(*partitions)

    async def _track(self, records: Sequence[Any]) -> None:
        """Parse and track records; those that Postgres has as done or parked are skipped."""
        parsed: list[tuple[Partition, int, Envelope | None]] = []
        unreadable: list[DeadLetter] = []
        for record in records:
            envelope: Envelope | None = None
            try:
                envelope = cloud_events.parse(record.topic, record.value)
            except UnreadableError as why:
                unreadable.append(_dead_letter_of(record, str(why)))
            parsed.append(((record.topic, record.partition), record.offset, envelope))
        if unreadable:
            await dead_letters.save(self._pool, unreadable)
        rows = await self._pool.fetch(
            """
            SELECT id, lane, done_at IS NOT NULL OR parked AS settled FROM outbox
            WHERE id = ANY($1)
            """,
            [one.id for _, _, one in parsed if one is not None],
        )
        settled = {row["id"] for row in rows if row["settled"]}
        lanes: dict[UUID, str] = {row["id"]: row["lane"] for row in rows}
        for partition, offset, one in parsed:
            if one is None or one.id in settled:
                self._tracker.add(partition, offset, None)
            else:
                self._tracker.add(partition, offset, one, lanes.get(one.id, ""))

    async def _commit(self) -> None:
        committable = self._tracker.committable()
        if not committable or self._consumer is None:
            return
        ours = self._consumer.assignment()
        offsets = {
            partition: offset
            for (topic, number), offset in committable.items()
            if (partition := TopicPartition(topic, number)) in ours
        }
        try:
            if offsets:
                await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as why:
            log.warning("parts are somebody else's why=%s", why)
            self._tracker = OffsetTracker()


def _dead_letter_of(record: Any, why: str) -> DeadLetter:
    value: bytes = record.value or b""
    id_ = uuid.uuid5(
        NAMESPACE, f"{record.topic}:{record.partition}:{record.offset}:{record.timestamp}"
    )
    key = (record.key or b"").decode(errors="replace").replace("\0", "")
    log.error("unreadable topic=%s offset=%d why=%s", record.topic, record.offset, why)
    return DeadLetter(id_, record.topic, key, value, "unreadable", why.replace("\0", ""), 0)
