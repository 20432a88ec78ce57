"""The message log's contract: the table and Kafka deliver the same, in the same order."""

from collections.abc import AsyncGenerator
from typing import Any, cast

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.topics import create_missing
from booking_rush.booking.messaging import cloud_events, dead_letters
from booking_rush.booking.messaging.cloud_events import DEAD, ORDERS
from booking_rush.booking.messaging.message_log import Failure, Rejection
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.watchdog import Watchdog
from booking_rush.postgres import Pool
from tests.support.clients import until
from tests.support.message_log import LogHarness, envelopes_of, open_log_harness, order
from tests.support.payment_providers import SilentProvider
from tests.support.servers.stores import Store


@pytest.fixture(params=["table", "kafka"])
async def harness(
    request: pytest.FixtureRequest, pool: Pool, kafka_server: Store
) -> AsyncGenerator[LogHarness]:
    """Open either log; the database is the test's own, the broker has records of other tests."""
    cluster = Cluster(kafka_server.url) if request.param == "kafka" else None
    async with open_log_harness(pool, cluster) as harness:
        yield harness


@pytest.fixture
async def kafka_harness(pool: Pool, kafka_server: Store) -> AsyncGenerator[LogHarness]:
    """Open the Kafka log, for tests of Kafka alone."""
    async with open_log_harness(pool, Cluster(kafka_server.url)) as harness:
        yield harness


async def test_a_booking_is_handed_over_in_its_order(harness: LogHarness) -> None:
    booking = await harness.booking()
    envelopes = [order(booking, step=n) for n in range(20)]
    await harness.send(*envelopes)
    assert envelopes_of(booking, await harness.read_all(*envelopes)) == envelopes


async def test_of_a_busy_booking_nothing_is_handed_over(harness: LogHarness) -> None:
    busy, idle = await harness.booking(), await harness.booking()
    envelopes = [order(busy), order(idle), order(busy)]
    await harness.send(*envelopes)
    await harness.read_all(*envelopes)
    assert envelopes_of(busy, found := await harness.log.read({busy})) == []
    assert envelopes_of(idle, found) == [envelopes[1]]


async def test_what_is_done_is_not_handed_over_again(harness: LogHarness) -> None:
    booking = await harness.booking()
    first, second = order(booking), order(booking)
    await harness.send(first, second)
    await harness.read_all(first, second)
    await harness.log.done([first])
    assert envelopes_of(booking, await harness.read_all(second)) == [second]
    await harness.restart()
    assert envelopes_of(booking, await harness.read_all(second)) == [second]


async def test_a_failure_holds_back_its_own_booking_and_counts(harness: LogHarness) -> None:
    slow, quick = await harness.booking(), await harness.booking()
    failing, behind, other = order(slow), order(slow), order(quick)
    await harness.send(failing, behind, other)
    await harness.read_all(failing, behind, other)
    for tries in range(3):
        await harness.log.retry([Failure(failing._replace(tries=tries), "it failed")])
    assert envelopes_of(slow, found := await harness.read_all(other)) == []
    assert envelopes_of(quick, found) == [other]
    await harness.read_all(failing, behind)
    counted = {one.id: one.tries for one in await harness.log.read()}
    assert counted[failing.id] == 3


async def test_what_is_given_up_is_among_the_dead_and_stops_nobody(harness: LogHarness) -> None:
    booking = await harness.booking()
    poison, behind = order(booking, "charge"), order(booking)
    await harness.send(poison, behind)
    await harness.read_all(poison, behind)
    await harness.log.reject([Rejection(poison._replace(tries=4), "broken", "it broke\n again")])
    assert envelopes_of(booking, await harness.read_all(behind)) == [behind]
    [found] = await dead_letters.list_(harness.pool)
    assert (found.id, found.topic, found.reason, found.tries) == (poison.id, ORDERS, "broken", 4)
    assert cloud_events.parse(found.topic, found.value) == poison

    await dead_letters.replay(harness.pool, poison.id)
    await harness.relay_all()
    await harness.read_all(poison)
    assert await dead_letters.list_(harness.pool) == []


async def test_bytes_that_nobody_understands_are_dead_and_told_of(
    kafka_harness: LogHarness, pool: Pool, kafka_server: Store
) -> None:
    await create_missing(Cluster(kafka_server.url))
    producer = AIOKafkaProducer(bootstrap_servers=kafka_server.url)
    await producer.start()
    for value in (b"{", b"\x00\xff", b'{"schema":"9"}', b"[]"):
        await producer.send_and_wait(ORDERS, value, key=b"poison")
    await producer.stop()
    booking = await kafka_harness.booking()
    await kafka_harness.send(good := order(booking))
    await kafka_harness.read_all(good)

    async def are_dead() -> bool:
        await kafka_harness.log.read()
        return len([one for one in await dead_letters.list_(pool) if one.key == "poison"]) >= 4

    await until(are_dead, within_s=30)
    assert {one.reason for one in await dead_letters.list_(pool)} == {"unreadable"}
    await kafka_harness.relay_all()
    with pytest.raises(dead_letters.NotReplayable):
        await dead_letters.replay(pool, (await dead_letters.list_(pool))[0].id)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_server.url, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(DEAD, 0)])
    reasons: list[bytes] = []

    async def are_rejected() -> bool:
        found = cast("dict[Any, list[Any]]", await consumer.getmany(timeout_ms=100))
        for records in found.values():
            reasons.extend(dict(record.headers)["reason"] for record in records)
        return reasons.count(b"unreadable") >= 4

    await until(are_rejected, within_s=30)
    await consumer.stop()


async def test_a_lost_topic_is_made_again_and_what_was_on_it_is_sent_again(
    kafka_harness: LogHarness, pool: Pool
) -> None:
    """The watchdog republishes rows that were published long ago and never settled."""
    booking = await kafka_harness.booking()
    await kafka_harness.send(lost := order(booking))
    await kafka_harness.read_all(lost)
    await pool.execute("UPDATE outbox SET published_at = now() - interval '1 min'")
    watchdog = Watchdog(pool, PaymentRouter([SilentProvider()], "bank"), "tests")
    assert await watchdog.republish() == 1
    assert await watchdog.republish() == 0
    await kafka_harness.relay_all()
    assert await pool.fetchval("SELECT published_at > now() - interval '30 s' FROM outbox")


async def test_what_was_taken_while_postgres_failed_is_handed_over_later(
    kafka_harness: LogHarness, pool: Pool
) -> None:
    booking = await kafka_harness.booking()
    await kafka_harness.send(envelope := order(booking))
    await pool.execute("ALTER TABLE outbox RENAME TO outbox_that_is_away")
    with pytest.raises(asyncpg.UndefinedTableError):
        await kafka_harness.read_all(envelope)
    await pool.execute("ALTER TABLE outbox_that_is_away RENAME TO outbox")
    assert envelopes_of(booking, await kafka_harness.read_all(envelope)) == [envelope]
