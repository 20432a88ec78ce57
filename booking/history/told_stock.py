"""Stock as visitors are told of it: an entry of the journal when a word of a price changes."""

from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import state_act
from booking_rush.postgres import Pool

WHAT = "stock"


async def tell(pool: Pool, event: str, words: str, *, is_plenty: bool) -> None:
    """Enter by which words visitors are told of prices, unless that is the last that was entered.

    Before the first entry they are told that there is plenty of everything.

    Raises:
        asyncpg.PostgresError, OSError: Postgres did not answer.
    """
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(CHANGE if is_plenty else SAVE, event, words):
            await journal.append(connection, event, [state_act(WHAT, reason=words)])


# One of the processes that tell it saves it; it returns nothing to the others.
SAVE = """
    INSERT INTO told_stock (event, words) VALUES ($1, $2)
    ON CONFLICT (event) DO UPDATE SET words = EXCLUDED.words
    WHERE told_stock.words <> EXCLUDED.words RETURNING true
"""
CHANGE = "UPDATE told_stock SET words = $2 WHERE event = $1 AND words <> $2 RETURNING true"
