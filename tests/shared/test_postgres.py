"""Pool of connections to PostgreSQL: sessions that end or stand still, and demoted servers."""

import asyncio
import time
from collections.abc import AsyncGenerator

import asyncpg
import pytest

from booking_rush import postgres
from booking_rush.postgres import UNAVAILABLE, Pool, end_stalled_sessions, open_pool
from tests.support.clients import until

STEPS = 6  # of the loop, from the notice of a session's end until its connection is closed


@pytest.mark.parametrize("step", range(STEPS))
async def test_a_session_that_is_ended_is_a_database_that_is_away(pool: Pool, step: int) -> None:
    """Use the session before, between and after its last message and the end of its socket."""
    async with pool.acquire() as connection:
        session = await connection.fetchval("SELECT pg_backend_pid()")
        await pool.execute("SELECT pg_terminate_backend($1)", session)
        time.sleep(0.1)  # noqa: ASYNC251  the loop must not read it before its steps are counted
        for _ in range(step):
            await asyncio.sleep(0)
        with pytest.raises(UNAVAILABLE):
            await connection.execute("SELECT $1::int", 1)
    assert await pool.fetchval("SELECT 1") == 1


async def test_a_pool_leaves_a_server_that_takes_no_writes(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session of a demoted primary lives on, read-only; a new one may find the new primary."""
    monkeypatch.setattr(postgres, "DEMOTED_CHECK_S", 0.05)
    write = "CREATE TABLE IF NOT EXISTS written (n int)"
    async with open_pool(postgres_url, size=1) as pool:
        await pool.execute("SET default_transaction_read_only = on")
        with pytest.raises(UNAVAILABLE):
            await pool.execute(write)

        async def writes() -> bool:
            try:
                await pool.execute(write)
            except UNAVAILABLE:
                return False
            return True

        await until(writes)


async def test_a_process_that_stands_still_in_a_statement_loses_its_locks(
    postgres_url: str,
) -> None:
    """Postgres calls its session active, and ends it for no limit: asyncpg waits to bind."""
    parsed = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT 1 AS parsed'"
    async with open_pool(postgres_url, size=2) as pool:
        await pool.execute("CREATE TABLE kept (n int)")
        await pool.execute("INSERT INTO kept VALUES (1)")
        async with pool.acquire() as stalled:
            await stalled.execute("BEGIN")
            await stalled.execute("UPDATE kept SET n = 2")
            await stalled.prepare("SELECT 1 AS parsed")
            await until(lambda: pool.fetchval(parsed))

            assert await end_stalled_sessions(pool, after_ms=60_000) == 0
            with pytest.raises(asyncpg.LockNotAvailableError):
                await pool.execute("SET lock_timeout = 50; UPDATE kept SET n = 3")
            assert await end_stalled_sessions(pool, after_ms=0) == 1
            await pool.execute("UPDATE kept SET n = 3")

            with pytest.raises(UNAVAILABLE):
                await stalled.execute("COMMIT")
        assert await pool.fetchval("SELECT n FROM kept") == 3


async def test_a_session_that_copies_or_waits_between_statements_is_left_alone(
    postgres_url: str,
) -> None:
    copies = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'"
    go_on = asyncio.Event()

    async def rows() -> AsyncGenerator[bytes]:
        await go_on.wait()
        yield b"1\n"

    async with open_pool(postgres_url, size=3) as pool:
        await pool.execute("CREATE TABLE copied (n int)")
        async with pool.acquire() as waiting, waiting.transaction(), pool.acquire() as copying:
            await waiting.execute("INSERT INTO copied VALUES (0)")
            copied = asyncio.create_task(copying.copy_to_table("copied", source=rows()))
            await until(lambda: pool.fetchval(copies))
            assert await end_stalled_sessions(pool, after_ms=0) == 0
            go_on.set()
            await copied
        assert await pool.fetchval("SELECT count(*) FROM copied") == 2
