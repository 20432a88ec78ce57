"""Connections to Postgres: a pool whose statements, locks and idle transactions end in time."""

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

# What a database that is away, or too busy, raises; anything else is a mistake of ours. The
# internal error is that of a session that was told its end and is not closed yet (asyncpg#1069).
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
    """This database would lose what it has acknowledged; the message says what to set."""


async def _leave(connection: object) -> None:
    """Nothing of ours changes a session: there is nothing to put back, and no need to ask."""


@asynccontextmanager
async def open_pool(
    url: str,
    *,
    size: int,
    statement_ms: int = STATEMENT_MS,
    init: Callable[[Any], Coroutine[Any, Any, None]] | None = None,
) -> AsyncGenerator[Pool]:
    """A pool of up to `size` connections; `init` sees each new one.

    Raises:
        PostgresUnfitError: `synchronous_commit` is off: a commit would not mean that it is kept.
        OSError, asyncpg.PostgresError: there is no database.
    """
    async with asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        reset=_leave,
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
