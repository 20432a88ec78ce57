"""What operators say to an audience: kept in Postgres, told to every process within a second."""

import hashlib
import uuid
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import orjson

from booking_rush.booking import audit
from booking_rush.errors import IdempotencyKeyReused
from booking_rush.postgres import Pool
from booking_rush.timestamps import instant

KEPT = "1 hour"  # who connects within it still hears the last message
OVERLAP = "5 seconds"  # transactions commit out of the order of their moments


class Broadcast(NamedTuple):
    """One message, and for whom it is."""

    event: str
    audience: str
    message: dict[str, Any]


class Broadcasts:
    """Keeps messages and reads what other processes were told."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._since: datetime | None = None
        self._known: set[str] = set()

    async def save(
        self, event: str, *, text: str, level: str, audience: str, who: str, key: str
    ) -> tuple[str, Broadcast | None]:
        """Keep a message; its id, and the message unless it is the repeat of one.

        Raises:
            KeyReused: the key came with another message before.
        """
        fingerprint = _digest(event, text, level, audience)
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                """
                INSERT INTO broadcasts (id, event, text, level, audience, operator, key,
                    fingerprint)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (operator, key) DO NOTHING RETURNING *
                """,
                uuid.uuid4(), event, text, level, audience, who, key, fingerprint,
            )  # fmt: skip
            if row is not None:
                await audit.record(
                    connection, who, "broadcast", event, text=text, level=level, audience=audience
                )
                return str(row["id"]), _said(row)
        return await self._repeated(who, key, fingerprint), None

    async def read_new(self) -> list[Broadcast]:
        """What was said since the last call, oldest first; at first, in the last hour."""
        rows = await self._pool.fetch(
            f"""
            SELECT * FROM broadcasts
            WHERE at > coalesce($1::timestamptz - interval '{OVERLAP}', now() - interval '{KEPT}')
            ORDER BY at
            """,  # noqa: S608  two constants of this file
            self._since,
        )
        fresh = [row for row in rows if str(row["id"]) not in self._known]
        if rows:
            self._since = rows[-1]["at"]
            self._known = {str(row["id"]) for row in rows}
        return [_said(row) for row in fresh]

    async def _repeated(self, who: str, key: str, fingerprint: str) -> str:
        row = await self._pool.fetchrow(
            "SELECT id, fingerprint FROM broadcasts WHERE operator = $1 AND key = $2", who, key
        )
        if row is None or row["fingerprint"] != fingerprint:
            raise IdempotencyKeyReused
        return str(row["id"])


def _said(row: asyncpg.Record) -> Broadcast:
    return Broadcast(
        row["event"],
        row["audience"],
        {
            "id": str(row["id"]),
            "level": row["level"],
            "text": row["text"],
            "at": instant(row["at"]),
        },
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
