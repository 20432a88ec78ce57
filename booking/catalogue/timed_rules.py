"""Rules that are set for a time: they go back by themselves unless an operator keeps them."""

from typing import Any

import orjson

from booking_rush.booking import audit
from booking_rush.booking.catalogue.rows import json_of
from booking_rush.booking.catalogue.undo import NotUndoable, put_back
from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import rule_act
from booking_rush.errors import Refusal
from booking_rush.postgres import Connection, Pool


class NothingToKeep(Refusal):
    """No rule of this event was set for a time."""

    code, status = "nothing_to_keep", 409


async def remember(
    connection: Connection, event: str, change: dict[str, Any], before: dict[str, Any], for_s: int
) -> None:
    """Have a change go back in `for_s` seconds, with those that are to go back already."""
    await connection.execute(REMEMBER, event, for_s, json_of(change), json_of(before))


async def keep(pool: Pool, event: str, *, who: str) -> None:
    """Keep the rules that were set for a time.

    Raises:
        NothingToKeep: there are none.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(
            "DELETE FROM timed_rules WHERE event = $1 RETURNING change", event
        )
        if row is None:
            raise NothingToKeep
        await audit.record(connection, who, "keep", event, **orjson.loads(row["change"]))


async def put_back_due(pool: Pool) -> list[str]:
    """Put rules back whose time is over. Return the ids of their events."""
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            "SELECT * FROM timed_rules WHERE until <= now() FOR UPDATE SKIP LOCKED LIMIT 100"
        )
        return [row["event"] for row in rows if await _put_back(connection, dict(row))]


async def _put_back(connection: Connection, row: dict[str, Any]) -> bool:
    """Put the rules of one row back. Return False where one was changed for good since."""
    event, change, before = row["event"], orjson.loads(row["change"]), orjson.loads(row["before"])
    try:
        await put_back(connection, event, change, before)
    except NotUndoable:
        await connection.execute("DELETE FROM timed_rules WHERE event = $1", event)
        return False
    await audit.record(connection, "clock", "rules", event, **before)
    await journal.append(connection, event, [rule_act(before, by="clock")])
    return True


# Of a rule that is changed twice the first value before is the one to which it goes back.
REMEMBER = """
    INSERT INTO timed_rules (event, until, change, before)
    VALUES ($1, now() + make_interval(secs => $2), $3, $4)
    ON CONFLICT (event) DO UPDATE SET until = EXCLUDED.until,
        change = timed_rules.change || EXCLUDED.change,
        before = EXCLUDED.before || timed_rules.before
"""
