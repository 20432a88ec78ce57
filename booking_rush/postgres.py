"""Pool of connections to Postgres, with limits on statements, locks and idle transactions."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from booking_rush.tasks import cancel_and_wait, with_deadline

log = logging.getLogger(__name__)

if TYPE_CHECKING:  # asyncpg's classes are generic in its stubs alone
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )
else:
    Pool, Connection = asyncpg.Pool, asyncpg.Connection

# Errors of a database that is unavailable or overloaded; any other is a mistake of ours. asyncpg's
# internal error is that of a session that the server ended and the client has not closed yet
# (asyncpg#1069).
UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,  # a primary that was demoted: see `_leave_when_demoted`
)

STATEMENT_MS = 5_000
CLOSE_S = 10.0  # for connections to be given back when a pool is closed
LOCK_MS = 2_000
IDLE_MS = 10_000
DEMOTED_CHECK_S = 2.0  # how long a pool stays with a primary that is one no more


class PostgresUnfitError(Exception):
    """Database whose settings would lose acknowledged commits; the message says what to set."""


async def _no_reset(connection: object) -> None:
    """Save the round trip: no statement of ours changes a session, so nothing is to be reset."""


@asynccontextmanager
async def open_pool(
    url: str,
    *,
    size: int,
    statement_ms: int = STATEMENT_MS,
    init: Callable[[Any], Coroutine[Any, Any, None]] | None = None,
) -> AsyncGenerator[Pool]:
    """Open a pool of up to `size` connections; `init` is called with each new one.

    Raises:
        PostgresUnfitError: `synchronous_commit` is off, so a crash would lose commits.
        OSError, asyncpg.PostgresError: there is no database.
    """
    pool: Pool = await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        reset=_no_reset,
        init=init,  # pyright: ignore[reportArgumentType]
        command_timeout=10,
        server_settings={
            "application_name": "booking-rush",
            "statement_timeout": str(statement_ms),
            "lock_timeout": str(LOCK_MS),
            "idle_in_transaction_session_timeout": str(IDLE_MS),
        },
    )
    try:
        if await pool.fetchval("SHOW synchronous_commit") == "off":
            raise PostgresUnfitError("Postgres has synchronous_commit off: set it to on")
        watch = asyncio.create_task(_leave_when_demoted(pool))
        try:
            yield pool
        finally:
            await cancel_and_wait([watch])
    finally:
        await _close(pool)


async def _close(pool: Pool) -> None:
    """Close a pool; connections that are never given back are cut off, so that a process can end.

    asyncpg can lose a connection whose caller is cancelled as it is acquired.
    """
    try:
        await with_deadline(pool.close(), CLOSE_S)
    except TimeoutError:
        log.warning("connections were still in use after %g s", CLOSE_S)
        pool.terminate()


async def _leave_when_demoted(pool: Pool) -> None:
    """Replace every connection once the server takes no writes: a new one may find the primary.

    A session survives the demotion of its server, and every write on it fails from then on.
    """
    while True:
        await asyncio.sleep(DEMOTED_CHECK_S)
        with suppress(*UNAVAILABLE):
            if await pool.fetchval("SHOW transaction_read_only") == "on":
                log.warning("the database takes no writes: connecting anew")
                await pool.expire_connections()
