"""Evidence of a sale: gathered from buyers, Postgres, Redis, the bank and Kafka's topics."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from redis.asyncio import Redis

from booking_rush.booking.kafka.topics import TOPICS
from booking_rush.booking.messaging.cloud_events import BOOKINGS
from booking_rush.postgres import UNAVAILABLE, Pool
from tests.support.crowds.buyers import Buyer
from tests.support.crowds.checker import Booking, Evidence, Movement, RecordedState, SentState
from tests.support.store_agreement import disagreements, is_quiet

SETTLED_S = 60.0  # the limit for everything to end after the last fault
EXPIRES_S = 10.0


async def evidence_of(
    buyers: Sequence[Buyer],
    pool: Pool,
    redis: Redis,
    kafka: str = "",
    *,
    dead: int = 0,
    patience_s: float = SETTLED_S,
) -> Evidence:
    """Wait until all is settled, then gather; `dead` is the number of dead letters expected.

    Without a broker nothing is published, and what the topic would say is what was recorded.
    """
    waits = await unsettled(pool, dead, patience_s, is_published=bool(kafka))
    bookings = await pool.fetch(
        "SELECT id, visitor, state, section, seats, quantity, total FROM bookings"
    )
    states = await pool.fetch("SELECT booking, step, state FROM states ORDER BY seq")
    ledger = await pool.fetch(
        """
        SELECT charge, booking, kind, ledger.amount
        FROM bank.ledger JOIN bank.charges ON charges.key = ledger.charge ORDER BY number
        """
    )
    recorded = [RecordedState(str(booking), step, state) for booking, step, state in states]
    floors = await pool.fetch("SELECT id, capacity FROM sections WHERE kind = 'standing'")
    return Evidence(
        sent=[SentState(buyer.id, *seen) for buyer in buyers for seen in buyer.seen],
        bookings=[
            Booking(str(id_), visitor, state, section, tuple(seats), quantity, total)
            for id_, visitor, state, section, seats, quantity, total in bookings
        ],
        states=recorded,
        ledger=[Movement(charge, str(booking), *more) for charge, booking, *more in ledger],
        topic=await _states_on_topic(kafka) if kafka else recorded,
        capacity={row["id"]: row["capacity"] for row in floors},
        differing=await disagreements(pool, redis),
        unsettled=waits,
    )


async def unsettled(
    pool: Pool, dead: int, patience_s: float, *, is_published: bool = True
) -> list[str]:
    """Wait until all is settled, or the time is up. Return what is unfinished then.

    A hold that a decline has reopened, and whose buyer has left, expires after a minute of its own:
    holds alone get the time twice.
    """

    async def is_settled() -> bool:
        unpublished = await pool.fetchval(UNPUBLISHED) if is_published else 0
        return await is_quiet(pool) and unpublished == 0

    await _wait_at_most(is_settled, patience_s)
    found = await _bookings_in(pool, MOVING)
    if await _bookings_in(pool, ["held"]):
        await _wait_at_most(lambda: _nobody_holds(pool), patience_s)
        await _wait_at_most(is_settled, EXPIRES_S)
    found += await _bookings_in(pool, ["held"])
    waiting = await pool.fetch(
        "SELECT topic, kind, booking, published_at, error FROM outbox WHERE done_at IS NULL"
    )
    found += [f"{row['kind']} of {row['booking']} waits: {row}" for row in waiting]
    unpublished, found_dead = (
        await pool.fetchval(UNPUBLISHED),
        await pool.fetchval("SELECT count(*) FROM dead"),
    )
    if is_published and unpublished:
        found.append(f"{unpublished} states wait to be published")
    return found + ([f"{found_dead} are dead, not {dead}"] if found_dead != dead else [])


async def _nobody_holds(pool: Pool) -> bool:
    return not await _bookings_in(pool, ["held"])


async def _bookings_in(pool: Pool, states: Sequence[str]) -> list[str]:
    rows = await pool.fetch(
        "SELECT id, state, now() - changed_at AS age FROM bookings WHERE state = ANY($1)", states
    )
    return [f"{row['id']} is {row['state']} for {row['age']}" for row in rows]


async def _wait_at_most(condition: Callable[[], Awaitable[bool]], within_s: float) -> None:
    over = time.monotonic() + within_s
    while not await condition() and time.monotonic() < over:
        await asyncio.sleep(0.1)


async def fetchval_retrying(pool: Pool, sql: str, *values: Any) -> Any:
    """Fetch one value, again while Postgres is away."""
    while True:
        try:
            return await pool.fetchval(sql, *values)
        except UNAVAILABLE:
            await asyncio.sleep(0.05)


MOVING = ("paying", "retaking", "refunding")
UNPUBLISHED = "SELECT count(*) FROM states WHERE published_at IS NULL"


async def _states_on_topic(kafka: str) -> list[RecordedState]:
    """Return every state on `rush.bookings`."""
    return [
        RecordedState(value["subject"], value["sequence"], value["data"]["state"])
        for value in map(orjson.loads, await whole_topic(kafka, BOOKINGS))
    ]


async def whole_topic(kafka: str, topic: str) -> list[bytes]:
    """Return every record that a topic holds now, partition by partition."""
    found: list[bytes] = []
    async with consumer_of(kafka, topic) as (consumer, partitions):
        begins: dict[Any, int] = await consumer.beginning_offsets(partitions)
        ends: dict[Any, int] = await consumer.end_offsets(partitions)
        for partition, begin in begins.items():
            consumer.seek(partition, begin)
        while any(
            [await consumer.position(partition) < ends[partition] for partition in partitions]
        ):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [record.value for record in records]
    return found


@asynccontextmanager
async def consumer_of(
    kafka: str, topic: str, group: str | None = None
) -> AsyncGenerator[tuple[Any, list[Any]]]:
    """Open a consumer of all partitions of a topic, of a group if given. Yield it and them."""
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS[topic])]
        consumer.assign(partitions)
        yield consumer, partitions
    finally:
        await consumer.stop()


PARTITIONS = {topic.name: topic.partitions for topic in TOPICS}
