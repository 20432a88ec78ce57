"""The journal of operators' actions: each is recorded in the transaction that carries it out."""

from typing import Any

import orjson

from booking_rush.postgres import Connection, Pool
from booking_rush.timestamps import instant

# An act of event $1 that says what was before, of the last ten minutes, and not undone yet.
IS_UNDOABLE = """
    event = $1 AND before IS NOT NULL AND at > now() - interval '10 minutes'
    AND NOT EXISTS (SELECT FROM audit AS later WHERE later.event = $1 AND later.what = 'undo'
        AND later.at > now() - interval '10 minutes' AND later.detail->>'entry' = audit.id::text)
"""


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

    `before` is the id of the last entry of the page before, or None for the first page.
    """
    rows = await pool.fetch(
        """
        SELECT id, at, who, what, event, detail, before IS NOT NULL
            AND at > now() - interval '10 minutes' AND NOT EXISTS (SELECT FROM audit AS later
                WHERE later.what = 'undo' AND later.event = audit.event AND later.at >= audit.at
                    AND later.detail->>'entry' = audit.id::text) AS undoable
        FROM audit
        WHERE $2::bigint IS NULL OR id < $2 ORDER BY id DESC LIMIT $1
        """,
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
        }
        for row in rows
    ]


INSERT = "INSERT INTO audit (who, what, event, detail, before) VALUES ($1, $2, $3, $4, $5)"
