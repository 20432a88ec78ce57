"""Pool of connections to Postgres, with limits on statements, locks and idle transactions."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

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
)

STATEMENT_MS = 5_000
LOCK_MS = 2_000
IDLE_MS = 10_000


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
    async with asyncpg.create_pool(
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
    ) as pool:
        if await pool.fetchval("SHOW synchronous_commit") == "off":
            raise PostgresUnfitError("Postgres has synchronous_commit off: set it to on")
        yield pool
