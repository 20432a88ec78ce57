"""The journal of what operators did: appended in the transaction that does it."""

from typing import Any

import orjson

from booking_rush.postgres import Connection, Pool
from booking_rush.timestamps import instant


async def record(
    connection: Connection, who: str, what: str, event: str | None = None, **detail: Any
) -> None:
    """Append one entry; it is there when the caller's transaction commits."""
    await connection.execute(
        "INSERT INTO audit (who, what, event, detail) VALUES ($1, $2, $3, $4)",
        who,
        what,
        event,
        orjson.dumps(detail).decode(),
    )


async def entries(pool: Pool, *, limit: int, before: int | None) -> list[dict[str, Any]]:
    """The newest entries first; `before` is the id of the last one seen."""
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
