"""Records that come twice, late, or not at all: each effect happens once, and none is missing."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from aiokafka.admin import AIOKafkaAdminClient

from booking_rush.booking.kafka.kafka_log import GROUP
from booking_rush.booking.messaging.cloud_events import DEAD, MESSAGES, ORDERS
from tests.faults.sale_run import ON_KAFKA, run_sale
from tests.support.clients import until
from tests.support.crowds.checker import assert_promises_kept
from tests.support.crowds.evidence import consumer_of, unsettled, whole_topic
from tests.support.message_log import producing

RATE = 60.0
SOLD = 150
BACK = 1_000
POISON = 20
AMONG = 2_000
PAUSES = 4
SESSION_S = 3
LOSSES = 3
SENT = "SELECT count(*) FROM outbox"


async def test_everything_comes_three_times_and_a_thousand_come_again(
    folder: Path, seed: int, report: Callable[..., None]
) -> None:
    """Read what was read again, with every mark removed, so that it is handled again, too."""
    duties = {**ON_KAFKA, "relay": "-m tests.faults.mutants thrice work relay"}
    async with run_sale(folder, duties=duties) as sale:
        async with sale.buyers_arrive(seed, rate=RATE):
            await sale.wait_confirmed(SOLD)
        assert await unsettled(sale.pool, 0, 60) == []
        sale.kill("conduct")
        await _is_empty(sale.kafka)
        back = sum([await _rewind(sale.kafka, topic) for topic in (ORDERS, MESSAGES)])
        rows = await sale.pool.execute("UPDATE outbox SET done_at = NULL WHERE done_at IS NOT NULL")
        await sale.start("conduct")
        found = await sale.evidence()
        sent = [len(await whole_topic(sale.kafka, topic)) for topic in (ORDERS, MESSAGES)]
        had = await sale.pool.fetchval(SENT)
    report(sent=had, came=sum(sent), read_again=back, handled_again=rows.rpartition(" ")[2])
    assert sum(sent) >= 3 * had
    assert back >= BACK
    assert_promises_kept(found)


async def _is_empty(kafka: str) -> None:
    """Wait until the consumer group has noticed that its worker is dead."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()

    async def nobody() -> bool:
        [answer] = await admin.describe_consumer_groups([GROUP])
        return any(group[2] == "Empty" for group in answer.groups)

    try:
        await until(nobody, within_s=30)
    finally:
        await admin.close()


async def _rewind(kafka: str, topic: str) -> int:
    """Take the group back by a thousand on every partition. Return by how many in all."""
    back = 0
    async with consumer_of(kafka, topic, GROUP) as (consumer, partitions):
        offsets = dict[Any, int]()
        for partition in partitions:
            had: int = await consumer.committed(partition) or 0
            offsets[partition] = max(0, had - BACK)
            back += had - offsets[partition]
        await consumer.commit(offsets)
    return back


async def test_poison_is_parked_and_stalls_nobody(
    folder: Path, seed: int, rng: random.Random, report: Callable[..., None]
) -> None:
    async with run_sale(folder) as sale:
        async with sale.buyers_arrive(seed, rate=RATE), producing(sale.kafka) as producer:
            for number in range(POISON):
                await sale.wait_confirmed(10)
                value = _poison(number, rng)
                await producer.send_and_wait(MESSAGES, value, key=b"poison", partition=number % 12)
            had = await sale.pool.fetchval(SENT)
            await sale.wait_for_growth(SENT, AMONG - had)
        found = await sale.evidence(dead=POISON)
        reasons = await sale.pool.fetch("SELECT reason, count(*) AS n FROM dead GROUP BY reason")
        parked = len(await whole_topic(sale.kafka, DEAD))
        sent = await sale.pool.fetchval(SENT)
    report(poison=POISON, among=sent, **{row["reason"]: row["n"] for row in reasons})
    assert parked >= POISON
    assert_promises_kept(found)


def _poison(number: int, rng: random.Random) -> bytes:
    """Return random bytes, or an event of unknown schema, kind or booking, never the same twice."""
    good: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"00000000-0000-4000-8000-{number:012x}",
        "source": "/events/demo",
        "type": "message.charged",
        "subject": f"00000000-0000-4000-9000-{number:012x}",  # of no booking
        "schema": "1",
        "data": {"attempt": 1, "step": 0},
    }
    match number % 4:
        case 0:
            return rng.randbytes(40)
        case 1:
            return orjson.dumps({**good, "schema": "7"})
        case 2:
            return orjson.dumps({**good, "type": "message.praised"})
        case _:
            return orjson.dumps(good)


async def test_topics_are_deleted_under_the_sale(
    folder: Path, seed: int, report: Callable[..., None]
) -> None:
    """Delete topics: what was lost with them is sent again, to topics made anew."""
    lost = 0
    async with run_sale(folder, saga_still_seconds=5) as sale:
        async with sale.buyers_arrive(seed, rate=RATE):
            for _ in range(LOSSES):
                await sale.wait_confirmed(30)
                lost += await sale.pool.fetchval(ON_THE_WAY)
                await _delete(sale.kafka, ORDERS, MESSAGES)
                await sale.wait_confirmed(30)
        found = await sale.evidence()
    report(deleted=LOSSES * 2, on_their_way_then=lost, bookings=len(found.bookings))
    assert_promises_kept(found)


ON_THE_WAY = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL AND done_at IS NULL"


async def _delete(kafka: str, *topics: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.delete_topics(list(topics))
    finally:
        await admin.close()


async def test_a_worker_that_slept_too_long_is_fenced(
    folder: Path, seed: int, rng: random.Random, report: Callable[..., None]
) -> None:
    """Pause a worker beyond its session: the other gets its partitions, and its work is void."""
    duties = {**ON_KAFKA, "conduct_2": "work conduct"}
    async with run_sale(folder, duties=duties, kafka_instance="") as sale:
        async with sale.buyers_arrive(seed, rate=RATE):
            for turn in range(PAUSES):
                await sale.wait_confirmed(20)
                sleeper = sale.processes[("conduct", "conduct_2")[turn % 2]]
                sleeper.pause()
                await asyncio.sleep(SESSION_S + rng.uniform(1.0, 2.0))
                await sale.wait_confirmed(20)
                sleeper.resume()
        found = await sale.evidence()
        moved = [sale.processes[name].log.read_text().count("reads parts=") for name in
                 ("conduct", "conduct_2")]  # fmt: skip
    report(paused=PAUSES, parts_given_anew=sum(moved), bookings=len(found.bookings))
    assert min(moved) > PAUSES // 2
    assert_promises_kept(found)
