"""The duties that work behind the pages: any of them in one process, until a signal."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

from prometheus_client import start_http_server
from redis.asyncio import Redis

from booking_rush.booking.kafka.kafka_log import KafkaLog
from booking_rush.booking.kafka.relay import Relay
from booking_rush.booking.mail.mailer import Mailer
from booking_rush.booking.mail.message import Sender
from booking_rush.booking.messaging.message_log import MessageLog
from booking_rush.booking.recording.event_scheduler import EventScheduler
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.booking.saga.reconciliation import Difference, Reconciler
from booking_rush.circuit_breaker import BreakerState
from booking_rush.lua.client.connection import check, connect
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Pool, open_pool
from booking_rush.queue import keyring
from booking_rush.queue.admission import TICK_S, Admission
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.queue.signer import Signer
from booking_rush.server.practice_bank.service import bank
from booking_rush.server.processes.supervisor import stop_on_signals
from booking_rush.server.runtime.loops import forever
from booking_rush.server.runtime.metrics import (
    DIFFERENCES,
    LAG,
    MAILS,
    MAILS_WAITING,
    UNSENT,
    show_breakers,
)
from booking_rush.server.runtime.providers import breaker_of, open_payments
from booking_rush.server.runtime.settings import Settings
from booking_rush.server.web.services import read_keys
from booking_rush.tasks import cancel_and_wait

log = logging.getLogger(__name__)

POOL_MAX = 8
MAIL_S = 0.5  # how soon we look again whether a mail is due
CONDUCT_S = 0.02  # how soon the saga looks again when there was nothing to do


async def work(settings: Settings, duties: tuple[str, ...]) -> None:
    """Do these duties until SIGINT or SIGTERM.

    Raises:
        RedisUnfitError, PostgresUnfitError: the stores are there and cannot be used.
        OSError, asyncpg.PostgresError, RedisError: a store is not there.
    """
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    if settings.metrics_bind:
        host, _, port = settings.metrics_bind.rpartition(":")
        start_http_server(int(port), host)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(settings.postgres_url, size=POOL_MAX))
        redis = await stack.enter_async_context(connect(settings.redis_url))
        await check(redis)
        for duty in duties:
            await stack.enter_async_context(DUTIES[duty](settings, pool, redis))
            log.info("works")
        await stopping.wait()
        log.info("stops")


@asynccontextmanager
async def tend(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Beats for every event: lapses, admission, ticks."""
    duty = Admission(EventRegistry(pool, Program(redis)))
    tasks = [asyncio.create_task(forever("tend", duty.run_once, idle_s=TICK_S / 4))]
    yield
    await cancel_and_wait(tasks)


@asynccontextmanager
async def record(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Carries the outbox to Postgres, and events back to Redis; opens and closes by the clock."""
    program = Program(redis)
    recorder = Recorder(pool, redis, program, lease_owner(), provider=settings.payments)
    calendar = EventScheduler(pool, redis, EventRegistry(pool, program))
    tasks = [
        asyncio.create_task(forever("record", recorder.run_once, idle_s=0)),
        asyncio.create_task(forever("calendar", calendar.run_once, idle_s=0.1)),
    ]
    yield
    await cancel_and_wait(tasks)
    await recorder.release()


@asynccontextmanager
async def conduct(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Takes bookings through the saga, and carries out its orders."""
    async with open_payments(settings) as payments:
        registry = EventRegistry(pool, Program(redis))
        conductor = Conductor(
            pool,
            registry,
            payments,
            lease_owner(),
            message_log=message_log(settings, pool),
            ask_s=settings.bank_ask_seconds,
            still_s=settings.saga_still_seconds,
            tries_max=settings.saga_tries_max,
        )

        async def lag() -> int:
            LAG.set(await conductor.log.lag())
            return 0

        tasks = [
            asyncio.create_task(forever("conduct", conductor.run_once, idle_s=CONDUCT_S)),
            asyncio.create_task(forever("watch", conductor.watch_once, idle_s=0.5)),
            asyncio.create_task(forever("lag", lag, idle_s=2.0)),
            show_breakers_forever(payments.states),
        ]
        yield
        await cancel_and_wait(tasks)
        await conductor.release()


def message_log(settings: Settings, pool: Pool) -> MessageLog | None:
    """The Kafka where the saga reads; None: it reads the outbox table."""
    if not settings.kafka_bootstrap:
        return None
    return KafkaLog(
        pool,
        settings.kafka_cluster(),
        instance=settings.kafka_instance,
        session_s=settings.kafka_session_seconds,
    )


@asynccontextmanager
async def relay(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Sends to Kafka what Postgres has to tell, where there is a Kafka."""
    if not settings.kafka_bootstrap:
        log.warning("RUSH_KAFKA_BOOTSTRAP is not set: nothing is sent")
        yield
        return
    signer = Signer(await keyring.load(pool, settings.secret_key))
    duty = Relay(pool, settings.kafka_cluster(), signer.ticket, lease_owner())

    async def count() -> int:
        UNSENT.set(await duty.waiting())
        return 0

    tasks = [
        keys_of(signer, pool, settings),
        asyncio.create_task(forever("relay", duty.run_once, idle_s=CONDUCT_S)),
        asyncio.create_task(forever("unsent", count, idle_s=2.0)),
    ]
    yield
    await cancel_and_wait(tasks)
    await duty.close()


@asynccontextmanager
async def reconcile(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Compares Redis, Postgres and the bank, and mends what differs."""
    async with open_payments(settings) as payments:
        registry = EventRegistry(pool, Program(redis))
        duty = Reconciler(pool, registry, payments)

        async def compare() -> int:
            mended = await duty.run_once()
            DIFFERENCES.set(len(duty.found))
            return mended

        tasks = [asyncio.create_task(forever("reconcile", compare, idle_s=1.0))]
        yield
        await cancel_and_wait(tasks)


async def reconcile_once(settings: Settings, event: str | None, *, mend: bool) -> list[Difference]:
    """What differs now, and ordered again where that is wanted.

    Raises:
        UnknownEvent, Refusal: there is no such event, or it cannot be looked at now.
        OSError, asyncpg.PostgresError, RedisError: a store is not there.
    """
    async with (
        open_pool(settings.postgres_url, size=POOL_MAX) as pool,
        connect(settings.redis_url) as redis,
        open_payments(settings) as payments,
    ):
        registry = EventRegistry(pool, Program(redis))
        await registry.refresh()
        events = [row.id for row in registry.rows]
        if event is not None:
            events = [(await registry.row(event)).id]
        duty = Reconciler(pool, registry, payments)
        found = [one for id_ in events for one in await duty.comparison.of(id_)]
        if mend:
            await duty.mend(found)
        return found


@asynccontextmanager
async def practice_bank(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """The practice bank: charges, refunds, and tells of it."""
    async with bank(
        pool,
        bind=settings.bank_bind,
        webhook_url=settings.webhook_url,
        secrets=settings.webhook_secrets,
    ):
        yield


@asynccontextmanager
async def mail(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Sends buyers their mails, where there is a server for mail."""
    if not settings.smtp_url:
        log.warning("RUSH_SMTP_URL is not set: no mail is sent")
        yield
        return
    signer = Signer(await keyring.load(pool, settings.secret_key))
    head = Sender(settings.mail_from, settings.public_url)
    mailer = Mailer(pool, settings.smtp_url, head, signer.ticket, breaker=breaker_of(settings))

    async def send() -> int:
        done = await mailer.run_once()
        for outcome, count in mailer.outcomes.items():
            MAILS.labels(outcome).inc(count)
        mailer.outcomes.clear()
        return done

    async def count() -> int:
        MAILS_WAITING.set(await mailer.waiting())
        return 0

    tasks = [
        keys_of(signer, pool, settings),
        asyncio.create_task(forever("mail", send, idle_s=MAIL_S)),
        asyncio.create_task(forever("mails waiting", count, idle_s=5.0)),
        show_breakers_forever(lambda: {"smtp": mailer.state()}),
    ]
    yield
    await cancel_and_wait(tasks)


def keys_of(signer: Signer, pool: Pool, settings: Settings) -> asyncio.Task[None]:
    """Keeps the keys of a duty that signs as new as those of the pages."""
    reading = partial(read_keys, signer, pool, settings)
    return asyncio.create_task(forever("keys", reading, idle_s=10.0))


def show_breakers_forever(states: Callable[[], Mapping[str, BreakerState]]) -> asyncio.Task[None]:
    """Keeps the gauge of breakers true; it asks no store, so that it is true when they are away."""

    async def show() -> int:
        show_breakers(states())
        return 0

    return asyncio.create_task(forever("breakers", show, idle_s=1.0))


def lease_owner() -> str:
    """What leases of this process are held by."""
    return f"{socket.gethostname()}/{os.getpid()}"


DUTIES: dict[str, Callable[[Settings, Pool, Redis], AbstractAsyncContextManager[None]]] = {
    "tend": tend,
    "record": record,
    "relay": relay,
    "conduct": conduct,
    "reconcile": reconcile,
    "bank": practice_bank,
    "mail": mail,
}
