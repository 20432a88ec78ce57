"""A whole server inside one test: on a port of its own, with its duties and clients."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from unittest.mock import patch

import httpx
import msgspec
from argon2 import PasswordHasher
from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.catalogue.events import NewEvent
from booking_rush.booking.catalogue.rows import Event
from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.kafka_log import KafkaLog
from booking_rush.booking.kafka.relay import Relay
from booking_rush.booking.payments.practice_bank import PracticeBank
from booking_rush.booking.recording.event_scheduler import push_to_redis
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.lua.client.program import Program
from booking_rush.lua.keys import key
from booking_rush.postgres import Pool
from booking_rush.queue import watermark
from booking_rush.queue.admission import Admission
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.queue.lottery.lottery_draw import LotteryDraw
from booking_rush.server.app import create_app
from booking_rush.server.practice_bank.service import open_bank
from booking_rush.server.processes.serve import Server, config_of
from booking_rush.server.runtime.loops import forever
from booking_rush.server.runtime.ports import listen
from booking_rush.server.runtime.settings import Settings
from booking_rush.server.web.services import Services
from booking_rush.tasks import cancel_and_wait
from tests.support.clients import PASSWORD, PATIENCE_S, Clients, Frame, Visitor, until

PAUSE_S = 0.05  # of loops and of idle ticks: theirs are up to half a second, in every test
SECRET = "a secret of the tests, which nobody keeps"


def new_event(event: str = "demo", **fields: Any) -> NewEvent:
    """Make an event of one show, a seated section of two rows, and a standing section."""
    body: Frame = {
        "id": event,
        "name": "An Evening",
        "shows": [{"id": "evening", "starts_at": "2030-05-01T19:00:00Z"}],
        "sections": [
            {
                "id": "stalls",
                "show": "evening",
                "name": "Stalls",
                "kind": "seated",
                "rows": [{"name": "A", "seats": 10}, {"name": "B", "seats": 12}],
                "price": {"amount": 6500, "currency": "EUR"},
            },
            {
                "id": "floor",
                "show": "evening",
                "name": "Floor",
                "kind": "standing",
                "capacity": 50,
                "price": {"amount": 4500, "currency": "EUR"},
            },
        ],
    }
    return msgspec.convert({**body, **fields}, NewEvent, strict=False)


class QuietServer(Server):
    """The server without its signal handlers, which the test run needs itself."""

    def capture_signals(self) -> Any:
        return nullcontext()


@dataclass(slots=True)
class World:
    """A server, what it is made of, and the duties beside it."""

    clients: Clients
    services: Services
    server: QuietServer
    catalogue: Catalogue
    recorder: Recorder
    tend: Admission
    conductor: Conductor
    bank: str

    async def event(self, event: str = "demo", *, state: str = "open", **fields: Any) -> Event:
        """Put an event on sale and bring it into a state. Return it when Redis has it."""
        made = await self.catalogue.create(new_event(event, **fields), who="tests")
        for action in ACTIONS[state]:
            made = await self.catalogue.act(event, action, who="tests")
        registry = self.services.rooms.events
        assert await registry.ready(event, seconds=PATIENCE_S)
        await until(
            lambda: push_to_redis(registry, made)
        )  # recovery may have loaded an earlier version
        await self.tend.registry.refresh()
        return made

    async def set_on(self, seconds: int, event: str = "demo") -> None:
        """Set the sale's clock on; a real one might stand still over what is waited for."""
        rules = key(event, self.services.rooms.batcher(event).gate.epoch, "rules")
        await self.services.redis.hset(rules, "stopped_ms", str(-seconds * 1000))

    async def measure_rush(self, event: str = "demo") -> None:
        """Let Redis have counted a rush of joins just now: every join is asked for a proof."""
        stats = key(event, self.services.rooms.batcher(event).gate.epoch, "stats")
        redis = self.services.redis
        await redis.hset(stats, "join_window", str(int(time.time() * 1000) // 5000))
        await redis.hset(stats, "joins", str(10**9))

    async def visitor(self) -> Visitor:
        return await self.clients.visitor()

    async def operator(self) -> httpx.AsyncClient:
        return await self.clients.operator()


ACTIONS = {
    "scheduled": (),
    "open": ("open",),
    "paused": ("open", "pause"),
    "draining": ("open", "drain"),
    "closed": ("close",),
}


def settings_for(redis_url: str, postgres_url: str, **changes: Any) -> Settings:
    """Make settings of a server on a free port."""
    fields: dict[str, Any] = {
        "bind": "127.0.0.1:0",
        "drain_seconds": 0,
        "secret_key": SECRET,
    } | changes
    return Settings(redis_url=redis_url, postgres_url=postgres_url, **fields)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[tuple[str, Services, QuietServer]]:
    """Serve in this process. Yield the address, the services and the server."""
    opened: asyncio.Future[Services] = asyncio.get_running_loop().create_future()
    listener = listen(settings, alone=True)
    listener.listen(1024)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = QuietServer(config_of(settings, create_app(settings, opened.set_result)))
    task = asyncio.create_task(server.serve([listener]))
    try:
        await asyncio.wait([task, opened], return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
        server.services = opened.result()
        yield base, opened.result(), server
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def open_world(
    redis: Redis,
    pool: Pool,
    settings: Settings,
    *,
    duties: bool = True,
    kafka: str = "",
    bank_delay_s: float = 0.3,
) -> AsyncGenerator[World]:
    """Start a server and its duties in this process; over Kafka where `kafka` names brokers.

    Who waits for a record waits as long as the tests do: a machine that stands still for the two
    seconds of the program would turn answers into 503, which clients ask again for and tests not.
    """
    await add_operator(pool)
    program = Program(redis)
    recorder = Recorder(pool, redis, program, holder="tests", provider=settings.payments)
    tend = Admission(EventRegistry(pool, program), LotteryDraw(pool), idle_tick_s=PAUSE_S)
    async with AsyncExitStack() as stack:
        stack.enter_context(patch.object(watermark, "TIMEOUT_S", PATIENCE_S))
        base, services, server = await stack.enter_async_context(serving(settings))
        address = await stack.enter_async_context(
            practice_bank(pool, base, settings, delay_s=bank_delay_s)
        )
        payments = services.payments
        bank_of(services).base_url = address
        found = KafkaLog(pool, Cluster(kafka), session_s=2) if kafka else None
        conductor = Conductor(
            pool, EventRegistry(pool, program), payments, holder="tests", message_log=found
        )
        if duties:
            tasks = [
                *(
                    asyncio.create_task(forever(name, run_once, idle_s=min(idle_s, PAUSE_S)))
                    for name, run_once, idle_s in recorder.loops()
                ),
                asyncio.create_task(forever("tend", tend.run_once, idle_s=0.02)),
                asyncio.create_task(forever("conduct", conductor.run_once, idle_s=0.02)),
                asyncio.create_task(forever("watch", conductor.watch_once, idle_s=0.1)),
            ]
            if found is not None:
                relay = Relay(pool, Cluster(kafka), services.signer.ticket, "tests")
                tasks.append(asyncio.create_task(forever("relay", relay.run_once, idle_s=0.02)))
                stack.push_async_callback(relay.close)
                stack.push_async_callback(found.close)
            stack.push_async_callback(tend.close)
            stack.push_async_callback(recorder.stop)
            stack.push_async_callback(cancel_and_wait, tasks)
        stack.callback(setattr, server, "should_exit", True)  # the bank ends meanwhile
        clients = Clients(base, stack)
        yield World(clients, services, server, Catalogue(pool), recorder, tend, conductor, address)


async def add_operator(pool: Pool) -> None:
    """Insert the operator `admin` with PASSWORD unless it is there, hashed at the least cost."""
    await pool.execute(
        """
        INSERT INTO operators (name, role, password) VALUES ('admin', 'admin', $1)
        ON CONFLICT (name) DO NOTHING
        """,
        _hashed(PASSWORD),
    )


@cache
def _hashed(password: str) -> str:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


def bank_of(services: Services) -> PracticeBank:
    """Return the client of the practice bank, without its circuit breaker."""
    return cast("PracticeBank", services.payments.named("bank"))


def practice_bank(
    pool: Pool, base: str, settings: Settings, *, delay_s: float = 0.3
) -> AbstractAsyncContextManager[str]:
    """A bank that tells its answers to a server, on a port of its own; in a hurry."""
    return open_bank(
        pool,
        bind="127.0.0.1:0",
        webhook_url=f"{base}/api/v1/payments/bank/webhook",
        secrets=settings.webhook_secrets,
        slow_s=delay_s,
        late_s=delay_s,
    )


ADA = "ada@example.org"


async def held(world: World, **seats: Any) -> tuple[Visitor, str]:
    """Let a new visitor in and hold seats, two unless others are named. Return both ids."""
    visitor = await world.visitor()
    token = await visitor.admitted()
    answer = await visitor.hold("one", token, **(seats or {"seats": ["stalls.A-1", "stalls.A-2"]}))
    assert answer.status_code == 201, answer.text
    return visitor, cast("str", answer.json()["hold"]["id"])
