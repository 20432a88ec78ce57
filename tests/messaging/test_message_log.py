"""One contract, two logs: the outbox table and Kafka hand over the same, in the same order."""

from collections.abc import AsyncGenerator
from typing import Any, cast

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.topics import make_missing
from booking_rush.booking.messaging import cloud_events, dead_letters
from booking_rush.booking.messaging.cloud_events import DEAD, ORDERS
from booking_rush.booking.messaging.message_log import Failure, Rejection
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.watchdog import Watchdog
from booking_rush.postgres import Pool
from tests.support.clients import until
from tests.support.message_log import Bench, bench_on, of, order
from tests.support.payment_providers import Bank
from tests.support.servers.stores import Store


@pytest.fixture(params=["table", "kafka"])
async def bench(
    request: pytest.FixtureRequest, pool: Pool, kafka_server: Store
) -> AsyncGenerator[Bench]:
    """Each test has a database of its own; the broker is shared, so others' letters are there."""
    cluster = Cluster(kafka_server.url) if request.param == "kafka" else None
    async with bench_on(pool, cluster) as bench:
        yield bench


@pytest.fixture
async def kafka_bench(pool: Pool, kafka_server: Store) -> AsyncGenerator[Bench]:
    """For what is of Kafka alone."""
    async with bench_on(pool, Cluster(kafka_server.url)) as bench:
        yield bench


async def test_a_booking_is_handed_over_in_its_order(bench: Bench) -> None:
    booking = await bench.booking()
    letters = [order(booking, step=n) for n in range(20)]
    await bench.send(*letters)
    assert of(booking, await bench.reads(*letters)) == letters


async def test_of_a_busy_booking_nothing_is_handed_over(bench: Bench) -> None:
    busy, idle = await bench.booking(), await bench.booking()
    letters = [order(busy), order(idle), order(busy)]
    await bench.send(*letters)
    await bench.reads(*letters)
    assert of(busy, found := await bench.log.read({busy})) == []
    assert of(idle, found) == [letters[1]]


async def test_what_is_done_is_not_handed_over_again(bench: Bench) -> None:
    booking = await bench.booking()
    first, second = order(booking), order(booking)
    await bench.send(first, second)
    await bench.reads(first, second)
    await bench.log.done([first])
    assert of(booking, await bench.reads(second)) == [second]
    await bench.restart()
    assert of(booking, await bench.reads(second)) == [second]


async def test_a_failure_holds_back_its_own_booking_and_counts(bench: Bench) -> None:
    slow, quick = await bench.booking(), await bench.booking()
    failing, behind, other = order(slow), order(slow), order(quick)
    await bench.send(failing, behind, other)
    await bench.reads(failing, behind, other)
    for tries in range(3):
        await bench.log.retry([Failure(failing._replace(tries=tries), "it failed")])
    assert of(slow, found := await bench.reads(other)) == []
    assert of(quick, found) == [other]
    await bench.reads(failing, behind)
    counted = {one.id: one.tries for one in await bench.log.read()}
    assert counted[failing.id] == 3


async def test_what_is_given_up_is_among_the_dead_and_stops_nobody(bench: Bench) -> None:
    booking = await bench.booking()
    poison, behind = order(booking, "charge"), order(booking)
    await bench.send(poison, behind)
    await bench.reads(poison, behind)
    await bench.log.reject([Rejection(poison._replace(tries=4), "broken", "it broke\n again")])
    assert of(booking, await bench.reads(behind)) == [behind]
    [found] = await dead_letters.list_(bench.pool)
    assert (found.id, found.topic, found.reason, found.tries) == (poison.id, ORDERS, "broken", 4)
    assert cloud_events.read(found.topic, found.value) == poison

    await dead_letters.replay(bench.pool, poison.id)
    await bench.carry()
    await bench.reads(poison)
    assert await dead_letters.list_(bench.pool) == []


async def test_bytes_that_nobody_understands_are_dead_and_told_of(
    kafka_bench: Bench, pool: Pool, kafka_server: Store
) -> None:
    await make_missing(Cluster(kafka_server.url))
    producer = AIOKafkaProducer(bootstrap_servers=kafka_server.url)
    await producer.start()
    for value in (b"{", b"\x00\xff", b'{"schema":"9"}', b"[]"):
        await producer.send_and_wait(ORDERS, value, key=b"poison")
    await producer.stop()
    booking = await kafka_bench.booking()
    await kafka_bench.send(good := order(booking))
    await kafka_bench.reads(good)

    async def are_dead() -> bool:
        await kafka_bench.log.read()
        return len([one for one in await dead_letters.list_(pool) if one.key == "poison"]) >= 4

    await until(are_dead, within_s=30)
    assert {one.reason for one in await dead_letters.list_(pool)} == {"unreadable"}
    await kafka_bench.carry()
    with pytest.raises(dead_letters.NotReplayable):
        await dead_letters.replay(pool, (await dead_letters.list_(pool))[0].id)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_server.url, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(DEAD, 0)])
    reasons: list[bytes] = []

    async def are_told() -> bool:
        found = cast("dict[Any, list[Any]]", await consumer.getmany(timeout_ms=100))
        for records in found.values():
            reasons.extend(dict(record.headers)["reason"] for record in records)
        return reasons.count(b"unreadable") >= 4

    await until(are_told, within_s=30)
    await consumer.stop()


async def test_a_lost_topic_is_made_again_and_what_was_on_it_is_sent_again(
    kafka_bench: Bench, pool: Pool
) -> None:
    """What was sent and came to nobody is found by its mark that is missing."""
    booking = await kafka_bench.booking()
    await kafka_bench.send(lost := order(booking))
    await kafka_bench.reads(lost)
    await pool.execute("UPDATE outbox SET published_at = now() - interval '1 min'")
    watch = Watchdog(pool, PaymentRouter([Bank()], "bank"), "tests")
    assert await watch.republish() == 1
    assert await watch.republish() == 0
    await kafka_bench.carry()
    assert await pool.fetchval("SELECT published_at > now() - interval '30 s' FROM outbox")


async def test_what_was_taken_while_postgres_failed_is_handed_over_later(
    kafka_bench: Bench, pool: Pool
) -> None:
    booking = await kafka_bench.booking()
    await kafka_bench.send(letter := order(booking))
    await pool.execute("ALTER TABLE outbox RENAME TO outbox_that_is_away")
    with pytest.raises(asyncpg.UndefinedTableError):
        await kafka_bench.reads(letter)
    await pool.execute("ALTER TABLE outbox_that_is_away RENAME TO outbox")
    assert of(booking, await kafka_bench.reads(letter)) == [letter]
