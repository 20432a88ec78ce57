"""Pool of connections to Postgres, with limits on statements, locks and idle transactions."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

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


# Limits that PgBouncer keeps from the server: there the role or the database has to have them.
LIMITS = {
    "statement_timeout": STATEMENT_MS,
    "lock_timeout": LOCK_MS,
    "idle_in_transaction_session_timeout": IDLE_MS,
}

# A client that stands still between parsing and binding: Postgres calls its session active, and no
# limit of ours applies. COPY waits for its client in the same state, and is left alone.
END_STALLED = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user
        AND application_name = 'booking-rush' AND pid <> pg_backend_pid()
        AND state = 'active' AND wait_event = 'ClientRead' AND query !~* '^\\s*copy'
        AND state_change < clock_timestamp() - $1 * interval '1 ms'
"""


class PostgresUnfitError(Exception):
    """Database that takes no writes, or would lose commits; the message says what to set."""


class Dsn(NamedTuple):
    """URL of a database as asyncpg takes it, and whether PgBouncer stands in between."""

    url: str
    is_pooled: bool

    @classmethod
    def of(cls, url: str) -> "Dsn":
        """Take `pgbouncer=true` out of the query of a URL; everything else is asyncpg's.

        PgBouncer gives each transaction another session. So no statement is prepared under a name,
        and no setting is asked for at the start of a session, both of which it may refuse.
        """
        plain, _, query = url.partition("?")
        words = [word for word in query.split("&") if word]
        others = [word for word in words if word != "pgbouncer=true"]
        return cls(plain + ("?" if others else "") + "&".join(others), others != words)

    def arguments(self, statement_ms: int = STATEMENT_MS) -> dict[str, Any]:
        """Return the arguments of a connection, or a pool of them, besides the URL."""
        if self.is_pooled:
            named = {"application_name": "booking-rush"}
            return {"statement_cache_size": 0, "server_settings": named}
        limits = {**LIMITS, "statement_timeout": statement_ms}
        given = {name: str(ms) for name, ms in limits.items()}
        return {"server_settings": {"application_name": "booking-rush", **given}}


async def unfitness(connection: Any) -> str:
    """Return why a database cannot carry a sale; empty where it can."""
    if await connection.fetchval("SELECT pg_is_in_recovery()"):
        return "it is a standby, which takes no writes: name the primary in RUSH_POSTGRES_URL"
    if await connection.fetchval("SHOW transaction_read_only") == "on":
        return "it takes no writes: set default_transaction_read_only to off"
    if await connection.fetchval("SHOW synchronous_commit") == "off":
        return "synchronous_commit is off, a crash loses commits: set it to on"
    return ""


async def missing_limits(connection: Any) -> str:
    """Return how to set the limits that a session behind PgBouncer has not; empty for none."""
    rows = await connection.fetch(
        "SELECT name FROM pg_settings WHERE name = ANY($1) AND setting = '0'", list(LIMITS)
    )
    commands = [f"ALTER ROLE … SET {row['name']} = {LIMITS[row['name']]}" for row in rows]
    return f"sessions behind PgBouncer have no limit: {'; '.join(commands)}" if commands else ""


async def end_stalled_sessions(pool: Pool, after_ms: int = IDLE_MS) -> int:
    """End sessions of ours whose client has stood still for so long in the middle of a statement.

    Their locks go with them. Return how many they were.
    """
    ended: int = await pool.fetchval(END_STALLED, after_ms)
    if ended:
        log.warning("ended stalled sessions=%d", ended)
    return ended


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
        PostgresUnfitError: it takes no writes, or a crash would lose commits.
        OSError, asyncpg.PostgresError: there is no database.
    """
    dsn = Dsn.of(url)
    pool: Pool = await cast("Any", asyncpg).create_pool(
        dsn.url,
        min_size=1,
        max_size=size,
        reset=_no_reset,
        init=init,
        command_timeout=10,
        **dsn.arguments(statement_ms),
    )
    try:
        if why := await unfitness(pool):
            raise PostgresUnfitError(f"PostgreSQL cannot be used: {why}")
        if dsn.is_pooled and (why := await missing_limits(pool)):
            log.warning("%s", why)
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
