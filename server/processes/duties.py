"""Duties: the background work of a sale, any number of them in one process, until a signal."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

from redis.asyncio import Redis

from booking_rush.booking.catalogue.archive import Archive
from booking_rush.booking.history.signed_heads import HeadSigner
from booking_rush.booking.kafka.kafka_log import KafkaLog
from booking_rush.booking.kafka.relay import Relay
from booking_rush.booking.mail.mailer import Mailer
from booking_rush.booking.mail.message import Sender
from booking_rush.booking.mail.ticket_links import TicketLinks
from booking_rush.booking.messaging import dead_letters
from booking_rush.booking.messaging.message_log import MessageLog
from booking_rush.booking.messaging.table_log import COUNT_PARKED
from booking_rush.booking.recording.event_scheduler import EventScheduler
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.booking.saga.difference import Difference
from booking_rush.booking.saga.reconciliation import Reconciler
from booking_rush.booking.saga.retention import Retention, days_of
from booking_rush.booking.series import SeriesWriter
from booking_rush.lua.client.connection import check, connect
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Pool, open_pool
from booking_rush.queue.admission import TICK_S, Admission
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.queue.keys.signer import Signer, open_signer
from booking_rush.queue.lottery.lottery_draw import LotteryDraw
from booking_rush.server.practice_bank.service import open_bank
from booking_rush.server.processes.exports import (
    SalesExport,
    export_breakers_forever,
    export_recordings,
    exports_of,
    growth_of,
)
from booking_rush.server.processes.health_port import start_health_port
from booking_rush.server.processes.supervisor import stop_on_signals
from booking_rush.server.processes.traces import recorded_traces
from booking_rush.server.runtime.clocks import EVERY_S, check_clocks, export_clocks
from booking_rush.server.runtime.liveness import LIVENESS, SAYS_EVERY_S, STUCK_S, say_alive
from booking_rush.server.runtime.loops import Loop, forever, measure_lag
from booking_rush.server.runtime.metrics import (
    DEAD,
    DIFFERENCES,
    LAG,
    MAILS,
    MAILS_WAITING,
    PARKED,
    TICK_AGE,
    TICK_FAILURES,
    UNSENT,
)
from booking_rush.server.runtime.providers import breaker_of, open_payments
from booking_rush.server.runtime.settings import Settings
from booking_rush.tasks import cancel_and_wait

log = logging.getLogger(__name__)

LEASE_POOL_MAX = 2
POOL_MAX = 8  # connections to Postgres
MAIL_S = 0.5  # between two looks for due mails
SALES_S = 5.0  # between two exports of what is sold
CONDUCT_S = 0.02  # between two looks of conduct or relay, after one that found nothing

LONG_S = 60.0  # of one run that asks banks or brokers, which are slower than stores
COMPARE_S = 600.0  # of one run over all that there is: every booking, or every mail of a batch
SLOW = {"sweep": COMPARE_S}  # loops of the recorder that look at every key of Redis


async def work(settings: Settings, duties: tuple[str, ...]) -> None:
    """Run these duties until SIGINT, SIGTERM or SIGHUP.

    Raises:
        RedisUnfitError, PostgresUnfitError: a store answers, but cannot be used.
        OSError, asyncpg.PostgresError, RedisError: a store does not answer.
    """
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    if settings.metrics_bind:
        start_health_port(settings.metrics_bind, LIVENESS)
    async with AsyncExitStack() as stack:
        stack.enter_context(recorded_traces(settings, "+".join(duties)))
        pool = await stack.enter_async_context(open_pool(settings.postgres_url, size=POOL_MAX))
        redis = await stack.enter_async_context(connect(settings.redis_url))
        await check(redis)
        await check_clocks(pool, redis)
        # A duty whose own loops are few shows by this one that its event loop turns.
        measuring = asyncio.create_task(forever("lag", measure_lag, idle_s=0.25))
        stack.push_async_callback(cancel_and_wait, [measuring])
        for duty in duties:
            await stack.enter_async_context(DUTIES[duty](settings, pool, redis))
            log.info("works")
        comparing = asyncio.create_task(
            forever("clocks", partial(export_clocks, pool, redis), idle_s=EVERY_S)
        )
        saying = asyncio.create_task(
            forever("duties", partial(say_alive, pool, duties), idle_s=SAYS_EVERY_S)
        )
        await stopping.wait()
        await cancel_and_wait([comparing, saying])
        log.info("stops")


@asynccontextmanager
async def tend(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Run `tend`: expire, admit and publish a tick for every event."""
    duty = Admission(EventRegistry(pool, Program(redis)), LotteryDraw(pool))
    count_failures = growth_of(TICK_FAILURES, lambda: duty.failures)

    async def export_ticks() -> None:
        TICK_AGE.set(duty.longest_without_tick_s())
        count_failures()

    tasks = [
        asyncio.create_task(forever("tend", duty.run_once, idle_s=TICK_S / 4)),
        asyncio.create_task(forever("ticks", export_ticks, idle_s=1.0)),
    ]
    yield
    await cancel_and_wait(tasks)
    await duty.close()


@asynccontextmanager
async def record(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Run `record`: save Redis' outbox in Postgres, load events into Redis, apply schedules."""
    program = Program(redis)
    async with open_pool(settings.postgres_url, size=LEASE_POOL_MAX) as lease_pool:
        recorder = Recorder(
            pool, redis, program, lease_owner(), provider=settings.payments, lease_pool=lease_pool
        )
        scheduler = EventScheduler(pool, redis, EventRegistry(pool, program))
        exports = exports_of(recorder)
        loops = [
            *(Loop(*loop, SLOW.get(loop[0], STUCK_S)) for loop in recorder.loops()),
            Loop("calendar", scheduler.run_once, 0.1),
            Loop("recordings", partial(export_recordings, redis, exports), 1.0),
        ]
        tasks = [asyncio.create_task(loop.forever()) for loop in loops]
        yield
        await cancel_and_wait(tasks)
        await recorder.release()


@asynccontextmanager
async def conduct(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Run `conduct`: handle the saga's messages, and carry out its orders."""
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
        signer = await open_signer(pool, settings.secret_key)
        heads = HeadSigner(pool, signer.journal_head)
        retention = Retention(pool, lease_owner(), days_of(settings.retention_days))
        archive = Archive(pool, redis, lease_owner())

        async def export_lag() -> None:
            LAG.set(await conductor.log.lag())
            PARKED.set(await pool.fetchval(COUNT_PARKED))
            DEAD.set(await dead_letters.count(pool))

        tasks = [
            asyncio.create_task(
                forever("conduct", conductor.run_once, idle_s=CONDUCT_S, stuck_s=LONG_S)
            ),
            asyncio.create_task(forever("watch", conductor.watch_once, idle_s=0.5, stuck_s=LONG_S)),
            asyncio.create_task(forever("lag", export_lag, idle_s=2.0)),
            asyncio.create_task(
                forever("retention", retention.run_once, idle_s=1.0, stuck_s=LONG_S)
            ),
            asyncio.create_task(forever("heads", heads.run_once, idle_s=1.0, stuck_s=LONG_S)),
            reload_keys_forever(signer),
            asyncio.create_task(forever("archive", archive.run_once, idle_s=1.0, stuck_s=LONG_S)),
            export_breakers_forever(payments.states),
        ]
        yield
        await cancel_and_wait(tasks)
        await conductor.release()
        await retention.release()
        await archive.release()


def message_log(settings: Settings, pool: Pool) -> MessageLog | None:
    """Return the Kafka log that the saga reads; None if it reads the outbox table."""
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
    """Run `relay`: publish the outbox of Postgres to Kafka, if there is a Kafka."""
    if not settings.kafka_bootstrap:
        log.warning("RUSH_KAFKA_BOOTSTRAP is not set: nothing is sent")
        yield
        return
    signer = await open_signer(pool, settings.secret_key)
    duty = Relay(pool, settings.kafka_cluster(), signer.ticket, lease_owner())

    async def export_unsent() -> None:
        UNSENT.set(await duty.waiting())

    tasks = [
        reload_keys_forever(signer),
        asyncio.create_task(forever("relay", duty.run_once, idle_s=CONDUCT_S, stuck_s=LONG_S)),
        asyncio.create_task(forever("unsent", export_unsent, idle_s=2.0)),
    ]
    yield
    await cancel_and_wait(tasks)
    await duty.close()


@asynccontextmanager
async def reconcile(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Run `reconcile`: compare Redis, Postgres and the bank, repair differences, keep series."""
    async with open_payments(settings) as payments:
        registry = EventRegistry(pool, Program(redis))
        duty = Reconciler(pool, registry, payments)

        async def compare() -> int:
            repaired = await duty.run_once()
            DIFFERENCES.set(len(duty.found))
            return repaired

        series = SeriesWriter(pool, registry)
        tasks = [
            asyncio.create_task(forever("reconcile", compare, idle_s=1.0, stuck_s=COMPARE_S)),
            asyncio.create_task(forever("series", series.run_once, idle_s=1.0)),
            asyncio.create_task(forever("sales", SalesExport(pool).run_once, idle_s=SALES_S)),
        ]
        yield
        await cancel_and_wait(tasks)


async def reconcile_once(settings: Settings, event: str | None, *, mend: bool) -> list[Difference]:
    """Compare the stores once, for one event or all; with `mend` also repair the differences.

    Return the differences that were found.

    Raises:
        UnknownEvent, Refusal: there is no such event, or Redis cannot read it now.
        OSError, asyncpg.PostgresError, RedisError: a store does not answer.
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
        found = [difference for id_ in events for difference in await duty.comparison.of(id_)]
        if mend:
            await duty.mend(found)
        return found


@asynccontextmanager
async def practice_bank(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Run `bank`: serve the practice bank over HTTP and send its webhooks."""
    async with open_bank(
        pool,
        bind=settings.bank_bind,
        webhook_url=settings.webhook_url,
        secrets=settings.webhook_secrets,
    ):
        yield


@asynccontextmanager
async def mail(settings: Settings, pool: Pool, redis: Redis) -> AsyncGenerator[None]:
    """Run `mail`: send mails to buyers, if there is an SMTP server."""
    if not settings.smtp_url:
        log.warning("RUSH_SMTP_URL is not set: no mail is sent")
        yield
        return
    signer = await open_signer(pool, settings.secret_key)
    links = TicketLinks(settings.secret_key)
    sender = Sender(settings.mail_from, settings.public_url, links)
    mailer = Mailer(pool, settings.smtp_url, sender, signer.ticket, breaker=breaker_of(settings))

    async def send() -> int:
        done = await mailer.run_once()
        for outcome, count in mailer.outcomes.items():
            MAILS.labels(outcome).inc(count)
        mailer.outcomes.clear()
        return done

    async def export_waiting() -> None:
        MAILS_WAITING.set(await mailer.waiting())

    tasks = [
        reload_keys_forever(signer),
        asyncio.create_task(forever("mail", send, idle_s=MAIL_S, stuck_s=COMPARE_S)),
        asyncio.create_task(forever("mails waiting", export_waiting, idle_s=5.0)),
        export_breakers_forever(lambda: {"smtp": mailer.state()}),
    ]
    yield
    await cancel_and_wait(tasks)


def reload_keys_forever(signer: Signer) -> asyncio.Task[None]:
    """Start a task that reloads a duty's signing keys every 10 s, as serve processes do."""
    return asyncio.create_task(forever("keys", signer.reload, idle_s=10.0))


def lease_owner() -> str:
    """Return the name under which this process holds leases: host and process id."""
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
