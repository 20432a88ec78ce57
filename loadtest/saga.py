"""Benchmarks of the way from a checkout to a ticket: recorded, conducted, paid over HTTP.

Every one ends with a look at what stands in the stores: what is counted was really done.
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
from loadtest.bare import bare_record, bare_saga
from loadtest.sale import EVENT, Counted, NoBank, Sale
from loadtest.stage import cpu_s, line, stores

BOOKINGS = 10_000
PAID = 2_000
PINGS, CALLERS = 4_000, 64
RELAY = {"relay": ["work", "relay"]}
OPEN = "SELECT EXISTS (SELECT FROM outbox WHERE done_at IS NULL AND NOT parked)"
DUTIES = {"serve": ["serve"], "bank": ["work", "bank"], "conduct": ["work", "conduct"]}
SECRET = "a secret of the benchmarks, which nobody keeps"
BATCH = 1000  # of the ceilings; the program's own batches are no larger


async def record() -> None:
    """Bookings a second from the outbox in Redis into Postgres: the record duty alone.

    Everybody held before anybody checked out, so each booking is written twice.
    """
    async with stores() as (redis, url):
        counted = Counted()
        async with open_pool(url, size=8, init=counted.watch) as pool:
            sale = await Sale(redis, pool, BOOKINGS).open()
            waiting: int = await sale.hold_and_check_out()
            counted.statements, began = 0, time.perf_counter()
            while waiting > 0:
                waiting -= await sale.recorder.run_once()
            ours, said = BOOKINGS / (time.perf_counter() - began), counted.statements
            paying = "SELECT count(*) FROM bookings WHERE state = 'paying' AND claimed"
            assert await pool.fetchval(paying) == BOOKINGS
            bare = BOOKINGS / await bare_record(pool, BATCH)
    line("bookings recorded", per_second=int(ours), statements=f"{said / BOOKINGS:.4f}",
         bare=int(bare), ratio=ours / bare)  # fmt: skip


async def saga() -> None:
    """Paid bookings a second where the bank's answers lie in the outbox already.

    Counted is all that conduct does, from `charged` heard until the seats are sold in Redis and
    the visitor is told.
    """
    async with stores() as (redis, url):
        await _saga("paid, outbox table", redis, url)


async def saga_over_kafka() -> None:
    """The same over Kafka, with the relay as a process beside; its statements are not counted."""
    beside = stores()
    async with beside as (redis, url):
        kafka = await start_kafka(beside.supervisor, beside.folder, lambda line: None)
        await _saga("paid, over Kafka", redis, url, KafkaAt(beside, kafka))


async def bank() -> None:
    """Paid bookings a second over the practice bank: charge, webhook and all, three processes."""
    house = stores()
    async with house as (redis, url), open_pool(url, size=8) as pool:
        sale = await Sale(redis, pool, PAID).open()
        await sale.record(await sale.hold_and_check_out())
        await pool.execute("UPDATE outbox SET due_at = 'infinity'")
        async with _bank(house) as (address, pids):
            before, began = cpu_s(pids), time.perf_counter()
            await pool.execute("UPDATE outbox SET due_at = now()")
            while await _unpaid(pool):
                await asyncio.sleep(0.02)
            ours = PAID / (time.perf_counter() - began)
            spent = {f"{n}_us": (s - before[n]) / PAID * 1e6 for n, s in cpu_s(pids).items()}
            await sale.check_sold()
            floor = await _pings(address)
    line("paid over HTTP", per_second=int(ours), **spent, pings=int(floor), ratio=ours / floor)


async def _saga(name: str, redis: Redis, url: str, kafka: "KafkaAt | None" = None) -> None:
    counted = Counted()
    async with open_pool(url, size=8) as shop, open_pool(url, size=8, init=counted.watch) as pool:
        sale = await Sale(redis, shop, BOOKINGS).open()
        await sale.record(await sale.hold_and_check_out())
        await shop.execute("UPDATE outbox SET done_at = now(), published_at = now()")
        await shop.execute("UPDATE states SET published_at = now()")
        await _charged(shop)
        found = KafkaLog(pool, Cluster(kafka.bootstrap)) if kafka else None
        payments = PaymentRouter([NoBank()], "bank")
        conductor = Conductor(pool, EventRegistry(pool, Program(redis)), payments, "bench",
                              message_log=found)  # fmt: skip
        async with _relaying(shop, kafka):
            await _ready(conductor.log)
            counted.statements, began = 0, time.perf_counter()
            await shop.execute("UPDATE outbox SET parked = false WHERE parked")
            await _conduct(conductor, shop)
            ours, said = BOOKINGS / (time.perf_counter() - began), counted.statements
        await sale.check_sold()
        await conductor.release()
        bare = BOOKINGS / await bare_saga(shop, BATCH)
    line(name, per_second=int(ours), statements=f"{said / BOOKINGS:.4f}", bare=int(bare),
         ratio=ours / bare)  # fmt: skip


async def _ready(log: MessageLog) -> None:
    """Let a log that has to join a group do so."""
    for _ in range(100 if isinstance(log, KafkaLog) else 0):
        await log.read()


class KafkaAt(NamedTuple):
    """A broker, and the stores beside it."""

    beside: stores
    bootstrap: str


@asynccontextmanager
async def _relaying(pool: Pool, kafka: KafkaAt | None) -> AsyncGenerator[None]:
    """Where there is a Kafka, a relay works."""
    if kafka is None:
        yield
        return
    async with _working(kafka.beside, RELAY, RUSH_KAFKA_BOOTSTRAP=kafka.bootstrap):
        while not await pool.fetchval("SELECT EXISTS (SELECT FROM leases WHERE duty = 'relay')"):
            await asyncio.sleep(0.05)
        yield


async def _charged(pool: Pool) -> None:
    """The bank's answer for each booking, as its webhook would have left it, but kept back."""
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM bookings ORDER BY id")]
    for at in range(0, len(ids), BATCH):
        said = [
            outbox.message(f"bank:pay:{id_}:1:charged", id_, EVENT, "charged", 1)
            for id_ in ids[at : at + BATCH]
        ]
        async with pool.acquire() as connection, connection.transaction():
            await outbox.enqueue(connection, said)
    await pool.execute("UPDATE outbox SET parked = true WHERE done_at IS NULL")


async def _conduct(conductor: Conductor, pool: Pool) -> None:
    """Conduct until nothing is left to do."""
    while True:
        if await conductor.run_once():
            continue
        if not await pool.fetchval(OPEN):
            return


async def _unpaid(pool: Pool) -> bool:
    found: bool = await pool.fetchval(
        """
        SELECT EXISTS (SELECT FROM bookings WHERE state <> 'confirmed')
            OR EXISTS (SELECT FROM outbox WHERE done_at IS NULL)
        """
    )
    return found


@asynccontextmanager
async def _working(
    house: stores, duties: dict[str, list[str]], **environment: str
) -> AsyncGenerator[dict[str, int]]:
    """Duties as processes of their own, and their pids."""
    redis_url, postgres_url = house.urls
    known = {
        "RUSH_REDIS_URL": redis_url,
        "RUSH_POSTGRES_URL": postgres_url,
        "RUSH_SECRET_KEY": SECRET,
    }
    said: list[str] = []
    supervisor = Supervisor(said.append)
    try:
        for name, arguments in duties.items():
            argv = [sys.executable, "-m", "booking_rush.server", *arguments]
            log = house.folder / f"{name}.log"
            await supervisor.start(Child(name, argv, log, {**known, **environment}))
        yield {name: int(pid) for name, _, pid in map(str.split, said)}
    finally:
        await supervisor.stop()


@asynccontextmanager
async def _bank(house: stores) -> AsyncGenerator[tuple[str, dict[str, int]]]:
    """Serve, conduct and the bank, ready; the bank's address, and all pids."""
    bind, bank_bind = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    base = f"http://{bank_bind}"
    async with _working(
        house, DUTIES, RUSH_BIND=bind, RUSH_BANK_BIND=bank_bind, RUSH_BANK_URL=base
    ) as pids:
        async with asyncio.timeout(30):
            await _answers(f"http://{bind}/readyz")
            await _answers(f"{base}/healthz")
        yield base, pids


async def _answers(url: str) -> None:
    """Wait until a service is ready."""
    async with httpx.AsyncClient() as http:
        while True:
            with suppress(httpx.HTTPError):
                if (await http.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def _pings(base: str) -> float:
    """GETs a second of nothing at all, by as many callers as conduct may send out at once."""
    left = iter(range(PINGS))
    question = HttpRequest("GET", f"{base}/healthz", {}, None, Timeouts(5, 5))
    async with open_http(connections=CALLERS) as http:

        async def caller() -> None:
            for _ in left:
                assert (await http.send(question)).is_success

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        return PINGS / (time.perf_counter() - began)
