"""Stops of an event's sale clock in Postgres: by an operator, by an outage, while the bank is away.

It stands still as long as one of these lasts. What ends adds to `stopped_ms` the time for which the
others do not stand in its place, so that no time is counted twice.
"""

from typing import Any

from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import state_act
from booking_rush.postgres import Connection, Pool

# The clock's stand after a stop since {since}, which lasted until another that goes on, or now.
ADDED = """
    stopped_ms = stopped_ms + greatest(0, extract(epoch FROM
        coalesce({another}, now()) - {since}) * 1000)::bigint
"""
ANY = "least(stopped_at, bank_away_at)"  # since when the clock stands still; null: it runs


async def stop(connection: Connection, event: str, reason: str | None) -> None:
    """Stop an event's sale for an operator."""
    await connection.execute(STOP, event, reason)


async def proceed(connection: Connection, event: str) -> None:
    """Let an event's sale go on; its deadlines are later by the stop."""
    await connection.execute(PROCEED, event)


async def add_outage(connection: Connection, event: str) -> None:
    """Stop an event's clock for the time since its Redis was seen last."""
    await connection.execute(ADD_OUTAGE, event)


async def reopen(connection: Connection, event: str, state: str, before: dict[str, Any]) -> bool:
    """Set an event back from a state to the one before; its clock stood still while it was closed.

    Return False where its state is another, or its time is over.
    """
    done = await connection.fetchval(REOPEN, event, state, before["state"], before["reason"])
    return done is not None


async def follow_bank(pool: Pool) -> list[str]:
    """Stop the clocks of the events on sale while their payment provider is away, and no longer.

    Return the ids of those that changed.
    """
    row = await pool.fetchrow(IS_AWAY)
    assert row is not None, "it is one row"
    if not row["is_away"] and not row["is_marked"]:
        return []
    change, word = (MARK_AWAY, "bank_away") if row["is_away"] else (MARK_BACK, "bank_back")
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(change)
        events = sorted(row["id"] for row in rows)
        for event in events:
            await journal.append(connection, event, [state_act(word, by="clock")])
    return events


# ruff: noqa: S608  the statements are made of this file alone
STOP = """
    UPDATE events SET version = version + 1, stopped_at = now(), stopped_reason = $2 WHERE id = $1
"""
PROCEED = f"""
    UPDATE events SET version = version + 1, stopped_at = NULL, stopped_reason = NULL,
        {ADDED.format(another="bank_away_at", since="stopped_at")}
    WHERE id = $1
"""
ADD_OUTAGE = f"""
    UPDATE events SET version = version + 1, {ADDED.format(another=ANY, since="seen_at")}
    FROM recorded WHERE recorded.event = events.id AND events.id = $1
"""
REOPEN = f"""
    UPDATE events SET state = $3, reason = $4, version = version + 1, closed_at = NULL,
        {ADDED.format(another=ANY, since="closed_at")}
    WHERE id = $1 AND state = $2 AND archived_at IS NULL
        AND (closes_at IS NULL OR closes_at > now())
    RETURNING id
"""
IS_AWAY = """
    SELECT EXISTS (SELECT FROM provider_outages WHERE seen_at > now() - interval '5 s') AS is_away,
        EXISTS (SELECT FROM events WHERE bank_away_at IS NOT NULL) AS is_marked
"""
MARK_AWAY = """
    UPDATE events SET version = version + 1, bank_away_at = now()
    WHERE state IN ('open', 'paused', 'draining') AND bank_away_at IS NULL
        AND EXISTS (SELECT FROM sections WHERE event = events.id AND price_amount > 0)
    RETURNING id
"""
MARK_BACK = f"""
    UPDATE events SET version = version + 1, bank_away_at = NULL,
        {ADDED.format(another="stopped_at", since="bank_away_at")}
    WHERE bank_away_at IS NOT NULL RETURNING id
"""
