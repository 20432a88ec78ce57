"""Pool of connections to PostgreSQL: a session that the server ends counts as unavailable."""

import asyncio
import time

import pytest

from booking_rush.postgres import UNAVAILABLE, Pool

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
