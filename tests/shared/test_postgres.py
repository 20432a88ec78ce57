"""The pool of connections to PostgreSQL: a database that goes away is known as such."""

import asyncio
import time

import pytest

from booking_rush.postgres import UNAVAILABLE, Pool

STEPS = 6  # of the loop, from hearing of a session's end until its connection is closed


@pytest.mark.parametrize("step", range(STEPS))
async def test_a_session_that_is_ended_is_a_database_that_is_away(pool: Pool, step: int) -> None:
    """Whenever it is noticed: before, between or after its last word and the end of its socket."""
    async with pool.acquire() as connection:
        session = await connection.fetchval("SELECT pg_backend_pid()")
        await pool.execute("SELECT pg_terminate_backend($1)", session)
        time.sleep(0.1)  # noqa: ASYNC251  the loop must not hear of it before its steps are counted
        for _ in range(step):
            await asyncio.sleep(0)
        with pytest.raises(UNAVAILABLE):
            await connection.execute("SELECT $1::int", 1)
    assert await pool.fetchval("SELECT 1") == 1
