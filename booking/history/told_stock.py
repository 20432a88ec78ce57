"""Stock as visitors are told of it: an entry of the journal at first, and when a word changes."""

from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import state_act
from booking_rush.postgres import Pool

WHAT = "stock"


async def tell(pool: Pool, event: str, words: str) -> None:
    """Enter by which words visitors are told of prices, unless that is the last that was entered.

    Raises:
        asyncpg.PostgresError, OSError: Postgres did not answer.
    """
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(SAVE, event, words):
            await journal.append(connection, event, [state_act(WHAT, reason=words)])


# One of the processes that tell it saves it; it returns nothing to the others.
SAVE = """
    INSERT INTO told_stock (event, words) VALUES ($1, $2)
    ON CONFLICT (event) DO UPDATE SET words = EXCLUDED.words
    WHERE told_stock.words <> EXCLUDED.words RETURNING true
"""
