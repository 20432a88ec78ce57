"""The composition root: what one serve process is made of, opened and closed in one place."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.payments.http_client import open_http
from booking_rush.booking.payments.practice_bank import PracticeBank
from booking_rush.booking.payments.provider import Payments
from booking_rush.booking.payments.router import Guarded, Providers
from booking_rush.booking.payments.stripe import Stripe
from booking_rush.booking.payments.webhooks import Webhooks
from booking_rush.circuit_breaker import Breaker
from booking_rush.lua.client.connection import check, connect
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Pool, open_pool
from booking_rush.queue import keyring
from booking_rush.server.loops import forever
from booking_rush.server.operators import Operators
from booking_rush.server.rooms import Rooms
from booking_rush.server.settings import Settings
from booking_rush.server.showing import Signer
from booking_rush.server.tokens import Tokens
from booking_rush.tasks import end

POOL_MAX = 10
CONNECTIONS_MAX = 256  # to banks: as many as orders fly at once, so that none waits for one


@dataclass(slots=True)
class House:
    """Everything that a handler may ask."""

    settings: Settings
    pool: Pool
    redis: Redis
    signer: Signer
    payments: Providers
    webhooks: Webhooks
    rooms: Rooms
    catalogue: Catalogue
    operators: Operators
    tokens: Tokens
    takings: dict[str, tuple[float, dict[str, Any]]] = field(
        default_factory=dict[str, tuple[float, dict[str, Any]]]
    )
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    async def keys_once(self) -> int:
        """Read the signing keys again."""
        return await read_keys(self.signer, self.pool, self.settings)


async def read_keys(signer: Signer, pool: Pool, settings: Settings) -> int:
    """Read the signing keys again, so that a rotation is seen; 0, so that the loop pauses.

    Raises:
        asyncpg.PostgresError, OSError, SecretKeyError: the keys stay as they were.
    """
    signer.ring = await keyring.load(pool, settings.secret_key)
    return 0


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncGenerator[House]:
    """Connect, load the keys, start the loops; everything ends with the block.

    Raises:
        RedisUnfitError, SecretKeyError: the stores are there and cannot be used.
        OSError, asyncpg.PostgresError, RedisError: a store is not there.
    """
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(settings.postgres_url, size=POOL_MAX))
        redis = await stack.enter_async_context(connect(settings.redis_url))
        await check(redis)
        signer = Signer(await keyring.load(pool, settings.secret_key))
        payments = await stack.enter_async_context(open_bank_client(settings))
        rooms = Rooms(pool, redis, Program(redis), signer, payments.methods)
        house = House(
            settings=settings,
            pool=pool,
            redis=redis,
            signer=signer,
            payments=payments,
            webhooks=Webhooks(pool),
            rooms=rooms,
            catalogue=Catalogue(pool),
            operators=Operators(pool),
            tokens=Tokens(settings.secret_key),
        )
        with contextlib.suppress(Exception):
            await rooms.directory.refresh()  # a store that is away now is asked again by its loop
        loops = [asyncio.create_task(loop) for loop in loops_of(house)]
        stack.push_async_callback(end, loops)
        yield house


@asynccontextmanager
async def open_bank_client(
    settings: Settings, clock: Callable[[], float] = time.monotonic
) -> AsyncGenerator[Providers]:
    """Every provider of payments that is set up, as we ask it: each behind its own breaker."""
    async with open_http(connections=CONNECTIONS_MAX) as http:
        found: list[Payments] = [
            PracticeBank(
                http,
                settings.bank_url,
                settings.webhook_secrets,
                timeout_s=settings.bank_timeout_seconds,
            )
        ]
        if settings.stripe_key:
            found.append(
                Stripe(http, settings.stripe_key, settings.stripe_secrets, settings.stripe_url)
            )
        known = {one.provider: Guarded(one, breaker_of(settings), clock) for one in found}
        yield Providers(known, settings.payments)


def breaker_of(settings: Settings) -> Breaker:
    """A breaker for one service."""
    return Breaker(settings.breaker_failures_max, settings.breaker_open_seconds)


def loops_of(house: House) -> list[Coroutine[Any, Any, None]]:
    """The loops of a serve process, each with the pause after a run that found nothing to do."""
    rooms = house.rooms
    return [
        forever("hear", rooms.hear_once, idle_s=0.05),
        forever("gates", rooms.gates_once, idle_s=0.05),
        forever("positions", rooms.positions_once, idle_s=0.25),
        forever("seats", rooms.seats_once, idle_s=0.1),
        forever("bookings", rooms.bookings_once, idle_s=5.0),
        forever("messages", rooms.messages_once, idle_s=0.7),
        forever("sockets", rooms.sockets_once, idle_s=1.0),
        forever("keys", house.keys_once, idle_s=10.0),
    ]
