"""From hold to ticket over Kafka: the whole purchase, and its states on the bookings topic."""

import asyncio
import sys
from pathlib import Path

import orjson
from redis.asyncio import Redis

from booking_rush.booking.kafka.topics import TOPICS
from booking_rush.booking.messaging import cloud_events
from booking_rush.booking.saga.orders import ORDERS
from booking_rush.booking.saga.state_machine import MESSAGES
from booking_rush.postgres import Pool
from tests.support.clients import until
from tests.support.crowds.evidence import whole_topic
from tests.support.servers.stores import Store
from tests.support.store_agreement import disagreements, is_quiet
from tests.support.world import held, open_world, settings_for

ALL_PUBLISHED = "SELECT NOT EXISTS (SELECT FROM states WHERE published_at IS NULL)"
CONSUMER = Path(__file__).parents[2] / "docs" / "bookings_consumer.py"


async def consumed(bookings: set[str], bootstrap: str, lines: int) -> dict[str, list[list[str]]]:
    """Return the words of each line that the example consumer prints of these bookings."""
    found: dict[str, list[list[str]]] = {booking: [] for booking in bookings}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", str(CONSUMER), bootstrap, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            while sum(map(len, found.values())) < lines:
                booking, *words = (await process.stdout.readline()).decode().split()
                if booking in bookings:
                    found[booking].append(words)
    finally:
        process.kill()
        await process.wait()
    return found


async def test_seats_are_bought_declined_and_given_back_over_kafka(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str, kafka_server: Store
) -> None:
    settings = settings_for(redis_url, postgres_url)
    async with open_world(redis, pool, settings, kafka=kafka_server.url) as world:
        await world.event()
        ada, bob = await world.visitor(), await world.visitor()
        bought = await ada.buys(seats=["stalls.A-1"])
        back = await bob.buys(section="floor", quantity=2)
        await bob.http.post(f"/api/v1/bookings/{back}/cancel")
        await bob.booked(back, "refunded")
        await until(lambda: is_quiet(pool), within_s=30)
        assert await disagreements(pool, redis) == []
        assert await pool.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0

        found = await consumed({bought, back}, kafka_server.url, lines=8)
        assert [words[:2] for words in found[bought]] == [
            ["1", "booking.held"],
            ["2", "booking.paying"],
            ["3", "booking.confirmed"],
        ]
        assert [words[1].partition(".")[2] for words in found[back]] == [
            "held", "paying", "confirmed", "refunding", "refunded",
        ]  # fmt: skip


async def test_who_a_buyer_is_stays_out_of_the_topics(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str, kafka_server: Store
) -> None:
    """No record of a topic can be erased."""
    settings = settings_for(redis_url, postgres_url)
    async with open_world(redis, pool, settings, kafka=kafka_server.url) as world:
        await world.event(names="buyer")
        ada, hold = await held(world)
        await ada.check_out(hold, email="ada@rush.example", name="Ada Quillfeather")
        booking = await ada.booked(hold, "confirmed")
        await until(lambda: pool.fetchval(ALL_PUBLISHED), within_s=30)

        told = [
            record for topic in TOPICS for record in await whole_topic(kafka_server.url, topic.name)
        ]
        assert booking["name"] == "Ada Quillfeather"
        assert [record for record in told if hold.encode() in record]
        for word in (b"Quillfeather", b"ada@rush.example"):
            assert not [record for record in told if word in record]


async def test_what_comes_three_times_has_its_effect_once(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str, kafka_server: Store
) -> None:
    """Clear both marks twice, so that every envelope is published and handled again."""
    settings = settings_for(redis_url, postgres_url)
    async with open_world(redis, pool, settings, kafka=kafka_server.url) as world:
        await world.event()
        await (await world.visitor()).buys(seats=["stalls.A-1"])
        await until(lambda: is_quiet(pool), within_s=30)
        rows = await pool.fetchval("SELECT count(*) FROM outbox")
        for _ in range(2):
            again = await pool.execute("UPDATE outbox SET published_at = NULL, done_at = NULL")
            assert again == f"UPDATE {rows}"
            await until(lambda: is_quiet(pool), within_s=30)
        assert await pool.fetchval("SELECT count(*) FROM outbox") == rows
        assert await disagreements(pool, redis) == []
        states = await pool.fetch("SELECT state FROM states ORDER BY seq")
        assert [row["state"] for row in states] == ["held", "paying", "confirmed"]


def test_golden_messages_are_read_as_they_were_written() -> None:
    """Every later version must be able to parse old records of a topic."""
    golden = Path(__file__).parents[1] / "messaging" / "golden" / "messages.jsonl"
    kinds = {"orders": set[str](), "messages": set[str]()}
    for line in golden.read_bytes().splitlines():
        value = orjson.loads(line)
        topic = f"rush.{value['type'].partition('.')[0]}s"
        read = cloud_events.parse(topic, line)
        assert cloud_events.serialize(read) == line
        kinds[read.topic].add(read.kind)
    assert kinds == {"orders": set(ORDERS), "messages": set(MESSAGES)}
