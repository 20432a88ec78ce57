"""The journal of operators' actions: each is recorded in the transaction that carries it out."""

from typing import Any

import orjson

from booking_rush.postgres import Connection, Pool
from booking_rush.timestamps import instant


async def record(
    connection: Connection, who: str, what: str, event: str | None = None, **detail: Any
) -> None:
    """Record one action in the journal, in the caller's transaction."""
    await connection.execute(
        "INSERT INTO audit (who, what, event, detail) VALUES ($1, $2, $3, $4)",
        who,
        what,
        event,
        orjson.dumps(detail).decode(),
    )


async def entries(pool: Pool, *, limit: int, before: int | None) -> list[dict[str, Any]]:
    """Return up to `limit` entries as JSON members, the newest first.

    `before` is the id of the last entry of the page before, or None for the first page.
    """
    rows = await pool.fetch(
        """
        SELECT id, at, who, what, event, detail FROM audit
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
        }
        for row in rows
    ]
