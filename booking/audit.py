"""The journal of operators' actions: each is recorded in the transaction that carries it out."""

from typing import Any

import orjson

from booking_rush.postgres import Connection, Pool
from booking_rush.timestamps import instant

UNDO_S = 600  # for which an act may be undone

# An act that says what was before, is as young as that, and is not undone yet.
IS_UNDOABLE = f"""
    before IS NOT NULL AND at > now() - make_interval(secs => {UNDO_S})
    AND NOT EXISTS (SELECT FROM audit AS later
        WHERE later.event = audit.event AND later.what = 'undo' AND later.at >= audit.at
            AND later.detail->>'entry' = audit.id::text)
"""


async def lock_event(connection: Connection, event: str) -> bool:
    """Lock an event, before any other row. Return whether there is one.

    Rows that refer to it may be written meanwhile: a recorder has the journal locked, which an act
    wants next, when its foreign keys look at the event.
    """
    return await connection.fetchval(LOCK, event) is not None


async def record(
    connection: Connection, who: str, what: str, event: str | None = None, **detail: Any
) -> None:
    """Record one action in the journal, in the caller's transaction."""
    await connection.execute(INSERT, who, what, event, orjson.dumps(detail).decode(), None)


async def record_undoable(
    connection: Connection,
    who: str,
    what: str,
    event: str,
    *,
    before: dict[str, Any],
    detail: dict[str, Any],
) -> None:
    """Record an action with what it changed, as it was `before`: for who undoes it."""
    given = orjson.dumps(detail).decode(), orjson.dumps(before).decode()
    await connection.execute(INSERT, who, what, event, *given)


async def entries(pool: Pool, *, limit: int, before: int | None) -> list[dict[str, Any]]:
    """Return up to `limit` entries as JSON members, the newest first.

    `before` is the id of the last entry of the page before, or None for the first page. An entry
    of rules says as its member `before` how those were.
    """
    rows = await pool.fetch(
        f"""
        SELECT id, at, who, what, event, detail, {IS_UNDOABLE} AS undoable,
            CASE WHEN what = 'rules' THEN before END AS rules_before FROM audit
        WHERE $2::bigint IS NULL OR id < $2 ORDER BY id DESC LIMIT $1
        """,  # noqa: S608  of this file
        limit,
        before,
    )
    return [
        {
            "id": row["id"],
            "at": instant(row["at"]),
            "who": row["who"],
            "what": row["what"],
            "event": row["event"],
            "detail": orjson.loads(row["detail"]),
            "undoable": row["undoable"],
            "before": orjson.loads(row["rules_before"] or "null"),
        }
        for row in rows
    ]


LOCK = "SELECT 1 FROM events WHERE id = $1 FOR NO KEY UPDATE"
INSERT = "INSERT INTO audit (who, what, event, detail, before) VALUES ($1, $2, $3, $4, $5)"
