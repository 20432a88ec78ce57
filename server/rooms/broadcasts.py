"""Broadcasts of operators to an audience: saved in Postgres, read by every process within 1 s."""

import hashlib
import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import orjson

from booking_rush.booking import audit
from booking_rush.errors import IdempotencyKeyReused
from booking_rush.postgres import Pool
from booking_rush.timestamps import instant

SHOWN_FOR = timedelta(hours=1)  # to visitors that connect later
OVERLAP = timedelta(seconds=5)  # transactions commit out of the order of their moments


class Broadcast(NamedTuple):
    """A message of an event, as clients read it, and its audience."""

    event: str
    audience: str
    message: dict[str, Any]


class SentBroadcast(NamedTuple):
    """A broadcast as operators look back on it: who sent it, whom it meant, on how many pages."""

    who: str
    reach: int | None
    heard: int
    broadcast: Broadcast

    def members(self) -> dict[str, Any]:
        """Return it as JSON members."""
        said = {"audience": self.broadcast.audience, **self.broadcast.message}
        return {**said, "who": self.who, "reach": self.reach, "heard": self.heard}


class Broadcasts:
    """Saves broadcasts, and reads those that other processes have saved; counts who hears them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._since: datetime | None = None
        self._known: set[str] = set()
        self._from_before: set[str] = set()  # after a start, to pages that have heard them before
        self._heard: Counter[str] = Counter()  # pages here, not yet saved

    async def save(
        self,
        event: str,
        *,
        text: str,
        level: str,
        audience: str,
        reach: int | None,
        who: str,
        key: str,
    ) -> tuple[str, Broadcast | None]:
        """Save a broadcast, once an idempotency key, and record it in the journal.

        `reach` is how many visitors it means, where that is known. Return its id, and the
        broadcast itself, or None where it repeats an earlier one.

        Raises:
            IdempotencyKeyReused: the key came with another broadcast before.
        """
        fingerprint = _digest(event, text, level, audience)
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                """
                INSERT INTO broadcasts (id, event, text, level, audience, reach, operator, key,
                    fingerprint)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (operator, key) DO NOTHING RETURNING *
                """,
                uuid.uuid4(), event, text, level, audience, reach, who, key, fingerprint,
            )  # fmt: skip
            if row is not None:
                await audit.record(
                    connection, who, "broadcast", event, text=text, level=level, audience=audience
                )
                return str(row["id"]), _broadcast_of(row)
        return await self._find_repeated(who, key, fingerprint), None

    async def read_new(self) -> list[Broadcast]:
        """Return the broadcasts since the last call, oldest first; at first, of the last hour."""
        rows = await self._pool.fetch(
            """
            SELECT * FROM broadcasts
            WHERE at > coalesce($1::timestamptz - $2::interval, now() - $3::interval)
            ORDER BY at
            """,
            self._since, OVERLAP, SHOWN_FOR,
        )  # fmt: skip
        new = [row for row in rows if str(row["id"]) not in self._known]
        if self._since is None:
            self._from_before = {str(row["id"]) for row in new}
        if rows:
            self._since = rows[-1]["at"]
            self._known = {str(row["id"]) for row in rows}
        return [_broadcast_of(row) for row in new]

    async def page(self, event: str, *, limit: int, after: uuid.UUID | None) -> list[SentBroadcast]:
        """Return the broadcasts of an event, the newest first; `after` is the id of one."""
        rows = await self._pool.fetch(
            """
            SELECT * FROM broadcasts WHERE event = $1 AND ($2::uuid IS NULL OR (at, id) <
                (SELECT at, id FROM broadcasts WHERE event = $1 AND id = $2))
            ORDER BY at DESC, id DESC LIMIT $3
            """,
            event, after, limit,
        )  # fmt: skip
        return [
            SentBroadcast(row["operator"], row["reach"], row["heard"], _broadcast_of(row))
            for row in rows
        ]

    def count(self, id_: str, pages: int) -> None:
        """Count the open pages to which this process has sent a broadcast."""
        if pages and id_ not in self._from_before:
            self._heard[id_] += pages

    async def save_counts(self) -> None:
        """Add what was counted to the broadcasts' rows."""
        for id_, pages in list(self._heard.items()):
            await self._pool.execute(
                "UPDATE broadcasts SET heard = heard + $2 WHERE id = $1", uuid.UUID(id_), pages
            )
            self._heard[id_] -= pages  # more may have been counted meanwhile
        self._heard = +self._heard

    async def _find_repeated(self, who: str, key: str, fingerprint: str) -> str:
        """Return the id of the broadcast that came with this key before."""
        row = await self._pool.fetchrow(
            "SELECT id, fingerprint FROM broadcasts WHERE operator = $1 AND key = $2", who, key
        )
        if row is None or row["fingerprint"] != fingerprint:
            raise IdempotencyKeyReused
        return str(row["id"])


def _broadcast_of(row: asyncpg.Record) -> Broadcast:
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
