"""Benchmarks from checkout to ticket: recording, the saga, payments over HTTP.

Each ends with a check of the stores, so that what is counted was really done.
"""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import httpx
from redis.asyncio import Redis

from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.kafka_log import KafkaLog
from booking_rush.booking.messaging import outbox
from booking_rush.booking.messaging.message_log import MessageLog
from booking_rush.booking.payments.http_client import HttpRequest, Timeouts, open_http
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Pool, open_pool
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.server.embedded.kafka_broker import start_kafka
from booking_rush.server.processes.supervisor import Child, Supervisor
from booking_rush.server.runtime.ports import free_port
from loadtest.environment import SECRET, Stores, cpu_s
from loadtest.reporting import report
from loadtest.rows.baselines import record_baseline, saga_baseline
from loadtest.rows.sale import EVENT, Sale, StatementCounter, UnaskedProvider

BOOKINGS = 10_000
PAID = 2_000
PINGS, CALLERS = 4_000, 64
RELAY = {"relay": ["work", "relay"]}
OPEN = "SELECT EXISTS (SELECT FROM outbox WHERE done_at IS NULL AND NOT parked)"
DUTIES = {"serve": ["serve"], "bank": ["work", "bank"], "conduct": ["work", "conduct"]}
BATCH = 1000  # of the baselines; the product's own batches are no larger


async def record() -> None:
    """Measure bookings a second from the outbox in Redis into Postgres: the record duty alone.

    All hold before the first checks out, so that each booking is written twice.
    """
    async with Stores() as (redis, url):
        counted = StatementCounter()
        async with open_pool(url, size=8, init=counted.watch) as pool:
            sale = await Sale(redis, pool, BOOKINGS).open()
            waiting: int = await sale.hold_and_check_out()
            counted.statements, began = 0, time.perf_counter()
            while waiting > 0:
                waiting -= await sale.recorder.run_once()
            ours, sent = BOOKINGS / (time.perf_counter() - began), counted.statements
            paying = "SELECT count(*) FROM bookings WHERE state = 'paying' AND claimed"
            assert await pool.fetchval(paying) == BOOKINGS
            baseline = BOOKINGS / await record_baseline(pool, BATCH)
    report("bookings recorded", per_second=int(ours), statements=f"{sent / BOOKINGS:.4f}",
           baseline=int(baseline), ratio=ours / baseline)  # fmt: skip


async def saga() -> None:
    """Measure paid bookings a second where the bank's answers are in the outbox already.

    Counts all that `conduct` does, from handling `charged` until the seats are sold in Redis and
    the booking is published.
    """
    async with Stores() as (redis, url):
        await _saga("paid, outbox table", redis, url)


async def saga_over_kafka() -> None:
    """Measure the same over Kafka; the relay is another process, whose statements do not count."""
    stores = Stores()
    async with stores as (redis, url):
        kafka = await start_kafka(stores.supervisor, stores.folder, lambda line: None)
        await _saga("paid, over Kafka", redis, url, KafkaBeside(stores, kafka))


async def bank() -> None:
    """Measure paid bookings a second over the practice bank, webhooks included: three processes."""
    stores = Stores()
    async with stores as (redis, url), open_pool(url, size=8) as pool:
        sale = await Sale(redis, pool, PAID).open()
        await sale.record(await sale.hold_and_check_out())
        await pool.execute("UPDATE outbox SET due_at = 'infinity'")
        async with _running_bank(stores) as (address, pids):
            before, began = cpu_s(pids), time.perf_counter()
            await pool.execute("UPDATE outbox SET due_at = now()")
            while await _is_unfinished(pool):
                await asyncio.sleep(0.02)
            ours = PAID / (time.perf_counter() - began)
            spent = {f"{n}_us": (s - before[n]) / PAID * 1e6 for n, s in cpu_s(pids).items()}
            await sale.check_sold()
            floor = await _pings(address)
    report("paid over HTTP", per_second=int(ours), **spent, pings=int(floor), ratio=ours / floor)


async def _saga(name: str, redis: Redis, url: str, kafka: "KafkaBeside | None" = None) -> None:
    counted = StatementCounter()
    async with (
        open_pool(url, size=8) as uncounted,
        open_pool(url, size=8, init=counted.watch) as pool,
    ):
        sale = await Sale(redis, uncounted, BOOKINGS).open()
        await sale.record(await sale.hold_and_check_out())
        await uncounted.execute("UPDATE outbox SET done_at = now(), published_at = now()")
        await uncounted.execute("UPDATE states SET published_at = now()")
        await _enqueue_charged(uncounted)
        found = KafkaLog(pool, Cluster(kafka.bootstrap)) if kafka else None
        payments = PaymentRouter([UnaskedProvider()], "bank")
        conductor = Conductor(pool, EventRegistry(pool, Program(redis)), payments, "bench",
                              message_log=found)  # fmt: skip
        async with _relaying(uncounted, kafka):
            await _join_group(conductor.log)
            counted.statements, began = 0, time.perf_counter()
            await uncounted.execute("UPDATE outbox SET parked = false WHERE parked")
            await _conduct(conductor, uncounted)
            ours, sent = BOOKINGS / (time.perf_counter() - began), counted.statements
        await sale.check_sold()
        await conductor.release()
        baseline = BOOKINGS / await saga_baseline(uncounted, BATCH)
    report(name, per_second=int(ours), statements=f"{sent / BOOKINGS:.4f}", baseline=int(baseline),
           ratio=ours / baseline)  # fmt: skip


async def _join_group(log: MessageLog) -> None:
    """Let a Kafka log join its consumer group."""
    for _ in range(100 if isinstance(log, KafkaLog) else 0):
        await log.read()


class KafkaBeside(NamedTuple):
    """A broker, and the stores that it runs beside."""

    stores: Stores
    bootstrap: str


@asynccontextmanager
async def _relaying(pool: Pool, kafka: KafkaBeside | None) -> AsyncGenerator[None]:
    """Run a relay while the block lasts, if there is a Kafka."""
    if kafka is None:
        yield
        return
    async with running_duties(kafka.stores, RELAY, RUSH_KAFKA_BOOTSTRAP=kafka.bootstrap):
        while not await pool.fetchval("SELECT EXISTS (SELECT FROM leases WHERE duty = 'relay')"):
            await asyncio.sleep(0.05)
        yield


async def _enqueue_charged(pool: Pool) -> None:
    """Enqueue the bank's answer for each booking, as its webhook would; parked until the start."""
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM bookings ORDER BY id")]
    for at in range(0, len(ids), BATCH):
        messages = [
            outbox.message(f"bank:pay:{id_}:1:charged", id_, EVENT, "charged", 1)
            for id_ in ids[at : at + BATCH]
        ]
        async with pool.acquire() as connection, connection.transaction():
            await outbox.enqueue(connection, messages)
    await pool.execute("UPDATE outbox SET parked = true WHERE done_at IS NULL")


async def _conduct(conductor: Conductor, pool: Pool) -> None:
    """Run the conductor until nothing is left to do."""
    while True:
        if await conductor.run_once():
            continue
        if not await pool.fetchval(OPEN):
            return


async def _is_unfinished(pool: Pool) -> bool:
    found: bool = await pool.fetchval(
        """
        SELECT EXISTS (SELECT FROM bookings WHERE state <> 'confirmed')
            OR EXISTS (SELECT FROM outbox WHERE done_at IS NULL)
        """
    )
    return found


@asynccontextmanager
async def running_duties(
    stores: Stores, duties: dict[str, list[str]], **environment: str
) -> AsyncGenerator[dict[str, int]]:
    """Run duties as processes while the block lasts. Yield their pids."""
    redis_url, postgres_url = stores.urls
    known = {
        "RUSH_REDIS_URL": redis_url,
        "RUSH_POSTGRES_URL": postgres_url,
        "RUSH_SECRET_KEY": SECRET,
    }
    printed: list[str] = []
    supervisor = Supervisor(printed.append)
    try:
        for name, arguments in duties.items():
            argv = [sys.executable, "-m", "booking_rush.server", *arguments]
            log = stores.folder / f"{name}.log"
            await supervisor.start(Child(name, argv, log, {**known, **environment}))
        yield {name: int(pid) for name, _, pid in map(str.split, printed)}
    finally:
        await supervisor.stop()


@asynccontextmanager
async def _running_bank(stores: Stores) -> AsyncGenerator[tuple[str, dict[str, int]]]:
    """Run serve, conduct and the bank. Yield the bank's address and all pids, once ready."""
    bind, bank_bind = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    base = f"http://{bank_bind}"
    async with running_duties(
        stores, DUTIES, RUSH_BIND=bind, RUSH_BANK_BIND=bank_bind, RUSH_BANK_URL=base
    ) as pids:
        async with asyncio.timeout(30):
            await wait_until_ready(f"http://{bind}/readyz")
            await wait_until_ready(f"{base}/healthz")
        yield base, pids


async def wait_until_ready(url: str) -> None:
    """Wait until a service is ready."""
    async with httpx.AsyncClient() as http:
        while True:
            with suppress(httpx.HTTPError):
                if (await http.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def _pings(base: str) -> float:
    """Return GETs a second of an empty answer, by as many callers as `conduct` sends at once."""
    left = iter(range(PINGS))
    request = HttpRequest("GET", f"{base}/healthz", {}, None, Timeouts(5, 5))
    async with open_http(connections=CALLERS) as http:

        async def caller() -> None:
            for _ in left:
                assert (await http.send(request)).is_success

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        return PINGS / (time.perf_counter() - began)
