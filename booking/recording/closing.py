"""The end of a closed event's places in Postgres: page by page, beside the recording.

An event may have a million living places. To end them is no part of the transaction that records
that it was closed: that would be one statement without a bound. The journal tells at once that they
are removed, and they end when nobody can undo the closing any more.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from booking_rush.booking import audit
from booking_rush.booking.catalogue import deferrals
from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import CLOSED, OPERATOR, PUT_BACK, Act
from booking_rush.postgres import Connection, Pool

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


Page = Callable[[Connection, str], Awaitable[int]]  # does a page, and returns how many rows it had


async def tell_removed(pool: Pool, event: str, is_ours: Callable[[], bool]) -> bool:
    """Tell in the journal of each living place of a closed event that it is removed.

    Return whether it came to the end. What was told is not told again.

    Raises:
        asyncpg.PostgresError, OSError: Postgres did not answer; what was told stays so.
    """
    return await _each(pool, event, is_ours, (_tell_places, _tell_deferrals))


async def put_back(pool: Pool, event: str, is_ours: Callable[[], bool]) -> bool:
    """Tell of each place that a closing had removed that it is back: the closing was undone.

    It comes before anything else is told of these places. Return and raise as `tell_removed`.
    """
    return await _each(pool, event, is_ours, (_put_back_places, _put_back_deferrals))


async def end_places(pool: Pool, event: str, is_ours: Callable[[], bool]) -> bool:
    """End every place of a closed event, a page a transaction, while the lease is ours.

    Return whether it came to the end. It can be stopped anywhere, and begun again by anybody.

    Raises:
        asyncpg.PostgresError, OSError: Postgres did not answer; what has ended stays so.
    """
    if not await _each(pool, event, is_ours, (_tell_places, _tell_deferrals, _end_places, _drop)):
        return False
    await pool.execute(FORGET_REMOVED, event)
    await pool.execute("UPDATE recorded SET closing = false WHERE event = $1", event)
    log.info("ended event=%s", event)
    return True


async def _each(
    pool: Pool, event: str, is_ours: Callable[[], bool], works: tuple[Page, ...]
) -> bool:
    """Do page after page of each work. Return False where the lease was lost."""
    for work in works:
        rows = PAGE
        while rows >= PAGE:
            if not is_ours():
                return False
            began = time.monotonic()
            async with pool.acquire() as connection, connection.transaction():
                rows = await work(connection, event)
            if rows >= PAGE:
                await asyncio.sleep(max(PAUSE_S, time.monotonic() - began))
    return True


async def _is_closed(connection: Connection, event: str) -> bool:
    """Return whether an event is closed; nobody undoes that before this transaction ends."""
    state = await connection.fetchval("SELECT state FROM events WHERE id = $1 FOR SHARE", event)
    return bool(state == "closed")


async def _tell_places(connection: Connection, event: str) -> int:
    if not await _is_closed(connection, event):
        return 0
    rows = await connection.fetch(LIVING_PAGE, event, PAGE)
    if rows:
        last = rows[-1]
        await connection.execute(MOVE_REMOVED, event, last["lane"], last["number"])
        told = [_removed(row["visitor"], row["lane"], row["number"]) for row in rows]
        await journal.append(connection, event, told)
    return len(rows)


async def _tell_deferrals(connection: Connection, event: str) -> int:
    if not await _is_closed(connection, event):
        return 0
    joins = await deferrals.mark_removed(connection, event, PAGE, is_removed=True)
    await journal.append(connection, event, [_removed(*join) for join in joins])
    return len(joins)


async def _put_back_places(connection: Connection, event: str) -> int:
    """Tell of the last page of removed places that they are back."""
    if await _is_closed(connection, event):
        return 0
    rows = await connection.fetch(REMOVED_PAGE, event, PAGE)
    back = [_back(row["visitor"], row["lane"], row["number"], row["state"]) for row in rows]
    if len(rows) < PAGE:
        await connection.execute(MOVE_REMOVED, event, "", 0)
    else:
        await connection.execute(MOVE_REMOVED, event, rows[-1]["lane"], rows[-1]["number"] - 1)
    await journal.append(connection, event, back[::-1])
    return len(rows)


async def _put_back_deferrals(connection: Connection, event: str) -> int:
    if await _is_closed(connection, event):
        return 0
    joins = await deferrals.mark_removed(connection, event, PAGE, is_removed=False)
    await journal.append(connection, event, [_back(*join, 0, "deferred") for join in joins])
    return len(joins)


async def _end_places(connection: Connection, event: str) -> int:
    if not await _is_closed(connection, event):
        return 0
    return int((await connection.execute(END_PAGE, event, PAGE)).rpartition(" ")[2])


async def _drop(connection: Connection, event: str) -> int:
    if not await _is_closed(connection, event):
        return 0
    return await deferrals.delete_page(connection, event, PAGE)


def _removed(visitor: str, lane: str, number: int = 0) -> Act:
    """Return the act of a removal; in the lobby numbers are below 0."""
    return Act("removed", visitor, lane, max(0, number), CLOSED)


def _back(visitor: str, lane: str, number: int, state: str) -> Act:
    return Act("back", visitor, lane, max(0, number), f"{PUT_BACK}: {state}", OPERATOR)


LIVING_PAGE = """
    SELECT lane, number, visitor FROM places
    WHERE event = $1 AND state <> 'ended' AND (lane, number) > (
        SELECT removed_lane, removed_number FROM recorded WHERE event = $1)
    ORDER BY lane, number LIMIT $2
"""

REMOVED_PAGE = """
    SELECT lane, number, visitor, state FROM places
    WHERE event = $1 AND state <> 'ended' AND (lane, number) <= (
        SELECT removed_lane, removed_number FROM recorded WHERE event = $1)
    ORDER BY lane DESC, number DESC LIMIT $2
"""

MOVE_REMOVED = "UPDATE recorded SET removed_lane = $2, removed_number = $3 WHERE event = $1"

# Nothing makes a place of a closed event living again.
END_PAGE = """
    UPDATE places SET state = 'ended', reason = 'removed', block = ''
    WHERE event = $1 AND (lane, number) IN (
        SELECT lane, number FROM places WHERE event = $1 AND state <> 'ended'
        ORDER BY lane, number LIMIT $2)
"""

FORGET_REMOVED = """
    UPDATE recorded SET removed_lane = '', removed_number = 0 FROM events
    WHERE event = $1 AND events.id = event AND events.state = 'closed'
"""
