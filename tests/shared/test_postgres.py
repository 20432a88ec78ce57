"""Pool of connections to PostgreSQL: ended sessions are unavailable, demoted servers are left."""

import asyncio
import time

import pytest

from booking_rush import postgres
from booking_rush.postgres import UNAVAILABLE, Pool, open_pool
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
