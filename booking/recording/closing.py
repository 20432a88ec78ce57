"""The end of a closed event's places in Postgres: page by page, beside the recording.

An event may have a million living places. To end them is no part of the transaction that records
that it was closed: that would be one statement without a bound.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from booking_rush.booking import audit
from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import CLOSED, Act
from booking_rush.postgres import Pool

log = logging.getLogger(__name__)

PAGE = 2000  # places a transaction: about 50 ms
PAUSE_S = 0.01  # between two pages, or as long as the page took: the disk is others', too


async def seconds_to_undo(pool: Pool, event: str) -> float:
    """Return for how long the closing may still be undone, in seconds; its places live so long."""
    left_s: float | None = await pool.fetchval(
        """
        SELECT $2 - extract(epoch FROM now() - closed_at)::float8 FROM events
        WHERE id = $1 AND state = 'closed'
        """,
        event,
        float(audit.UNDO_S),
    )
    return max(0.0, left_s or 0.0)


async def end_places(pool: Pool, event: str, is_ours: Callable[[], bool]) -> bool:
    """End every place of a closed event, a page a transaction, while the lease is ours.

    Return whether it came to the end. It can be stopped anywhere, and begun again by anybody.

    Raises:
        asyncpg.PostgresError, OSError: Postgres did not answer; what has ended stays so.
    """
    lane, number, pages = "", 0, 0
    while True:
        if not is_ours():
            return False
        began = time.monotonic()
        last = await _end_page(pool, event, lane, number)
        if last is None:
            break
        (lane, number), pages = last, pages + 1
        await asyncio.sleep(max(PAUSE_S, time.monotonic() - began))
    await pool.execute("UPDATE recorded SET closing = false WHERE event = $1", event)
    log.info("ended event=%s pages=%d", event, pages)
    return True


async def _end_page(pool: Pool, event: str, lane: str, number: int) -> tuple[str, int] | None:
    """End a page of places beyond this one, with their entries in the journal.

    Return lane and number of the last; None: there was none. In the lobby numbers are below 0.
    """
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(END_PAGE, event, lane, number, PAGE)
        ended = [
            Act("removed", row["visitor"], row["lane"], max(0, row["number"]), CLOSED)
            for row in rows
        ]
        await journal.append(connection, event, ended)
    return (rows[-1]["lane"], rows[-1]["number"]) if rows else None


# Nothing makes a place of a closed event living again, so one pass in order finds them all. Who
# undoes the closing finds them living.
END_PAGE = """
    WITH page AS (
        SELECT lane, number, visitor FROM places
        WHERE event = $1 AND state <> 'ended' AND (lane, number) > ($2, $3::bigint)
            AND EXISTS (SELECT FROM events WHERE id = $1 AND state = 'closed')
        ORDER BY lane, number LIMIT $4 FOR UPDATE
    ), ended AS (
        UPDATE places SET state = 'ended', reason = 'removed'
        WHERE event = $1 AND (lane, number) IN (SELECT lane, number FROM page)
    )
    SELECT lane, number, visitor FROM page ORDER BY lane, number
"""
