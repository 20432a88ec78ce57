"""The composition root of a serve process: opens and closes its services, and runs its loops."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.history.pages import JournalPages, PlaceEntries
from booking_rush.booking.joining.access_codes import AccessCodes
from booking_rush.booking.joining.bans import Bans
from booking_rush.booking.joining.identities import Identities
from booking_rush.booking.joining.joining import JoinChecks
from booking_rush.booking.joining.rate_limits import RateLimits
from booking_rush.booking.joining.socket_bounds import SocketBounds
from booking_rush.booking.mail.ticket_links import TicketLinks
from booking_rush.booking.payments.http_client import open_http
from booking_rush.booking.payments.webhooks import Webhooks
from booking_rush.booking.seats.event_cache import EventCache
from booking_rush.lua.client.connection import check, connect
from booking_rush.lua.client.program import Program
from booking_rush.postgres import open_pool
from booking_rush.queue.join_checks.proof_of_work import Challenges
from booking_rush.queue.keys.sealing import derive
from booking_rush.queue.keys.signer import open_signer
from booking_rush.server.auth.operators import Operators
from booking_rush.server.auth.visitor_tokens import VisitorTokens
from booking_rush.server.rooms.availability import StockCache
from booking_rush.server.rooms.registry import RoomRegistry
from booking_rush.server.runtime.clocks import EVERY_S, export_clocks
from booking_rush.server.runtime.loops import Loop, measure_lag
from booking_rush.server.runtime.metrics import export_tallies
from booking_rush.server.runtime.providers import open_payments
from booking_rush.server.runtime.settings import Settings
from booking_rush.server.runtime.tallies import EXPORT_S
from booking_rush.server.web.services import Services
from booking_rush.tasks import cancel_and_wait

IDENTITY_CONNECTIONS_MAX = 50  # to who checks identities
POOL_MAX = 10  # connections to Postgres


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncGenerator[Services]:
    """Connect the stores, load the keys, start the loops, and yield the services of the process.

    Leaving the block ends all of it.

    Raises:
        RedisUnfitError, SecretKeyError: a store answers, but cannot be used.
        OSError, asyncpg.PostgresError, RedisError: a store does not answer.
    """
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(settings.postgres_url, size=POOL_MAX))
        redis = await stack.enter_async_context(connect(settings.redis_url))
        await check(redis)
        signer = await open_signer(pool, settings.secret_key)
        payments = await stack.enter_async_context(open_payments(settings))
        challenges = Challenges(derive(settings.secret_key, "join challenges"))
        http = await stack.enter_async_context(open_http(connections=IDENTITY_CONNECTIONS_MAX))
        identities = Identities(
            pool,
            http,
            url=settings.identity_url,
            secret=settings.identity_secret,
            jwks=settings.identity_jwks,
        )
        limits = RateLimits(redis, enabled=settings.limits == "on")
        checks = JoinChecks(Bans(pool), limits, identities, challenges, AccessCodes(pool))
        rooms = RoomRegistry(pool, redis, Program(redis), signer, payments.methods, checks)
        catalogue = Catalogue(pool, settings.time_zone)
        ticket_links = TicketLinks(settings.secret_key)
        services = Services(
            ticket_links=ticket_links,
            settings=settings,
            pool=pool,
            redis=redis,
            signer=signer,
            payments=payments,
            webhooks=Webhooks(pool),
            rooms=rooms,
            catalogue=catalogue,
            events=EventCache(catalogue, rooms.events),
            stocks=StockCache(rooms.stats_of),
            operators=Operators(pool, settings.secret_key),
            tokens=VisitorTokens(settings.secret_key),
            bans=checks.bans,
            limits=limits,
            sockets=SocketBounds(settings.sockets_per_address_max),
            journals=JournalPages(pool, signer.journal_head),
            place_entries=PlaceEntries(pool),
        )
        with contextlib.suppress(Exception):
            await rooms.events.refresh()  # an unavailable store is asked again by the loops
        loops = [asyncio.create_task(loop) for loop in loops_of(services)]
        stack.push_async_callback(cancel_and_wait, loops)
        yield services


def loops_of(services: Services) -> list[Coroutine[Any, Any, None]]:
    """Return the loops of a serve process, not started yet."""
    loops = [
        *services.rooms.loops(),
        Loop("keys", services.signer.reload, 10.0),
        Loop("tallies", export_tallies, EXPORT_S),
        Loop("lag", measure_lag, 0.25),
        Loop("clocks", partial(export_clocks, services.pool, services.redis), EVERY_S),
    ]
    return [loop.forever() for loop in loops]
