"""Bans in PostgreSQL: made and lifted by operators, and read by every process within a second."""

import uuid
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from booking_rush.booking import audit
from booking_rush.booking.joining.ban_list import Ban, BanList
from booking_rush.errors import Refusal
from booking_rush.postgres import Pool
from booking_rush.queue.join_checks.address_blocks import Network

OVERLAP = timedelta(seconds=5)  # transactions commit out of the order of their moments


class UnknownBan(Refusal):
    """There is no such ban, or it is over."""

    code, status = "unknown_ban", 404


SAVE = """
    WITH again AS (
        UPDATE bans SET reason = $5, until = now() + make_interval(secs => $6), who = $7,
            changed_at = clock_timestamp()
        WHERE event = $2 AND until > now()
            AND visitor IS NOT DISTINCT FROM $3 AND block IS NOT DISTINCT FROM $4
        RETURNING *
    ), made AS (
        INSERT INTO bans (id, event, visitor, block, reason, until, who)
        SELECT $1, $2, $3, $4, $5, now() + make_interval(secs => $6), $7
        WHERE NOT EXISTS (SELECT FROM again)
        RETURNING *
    )
    SELECT * FROM again UNION ALL SELECT * FROM made
"""


class Bans:
    """Bans of all events: those in force are in `listed`, as this process has read them."""

    def __init__(self, pool: Pool) -> None:
        self.listed = BanList()
        self._pool = pool
        self._since: datetime | None = None

    def check(self, event: str, visitor: str, address: str) -> None:
        """Check that neither the visitor nor the address is banned from an event.

        Raises:
            Banned: one of them is.
        """
        self.listed.check(event, visitor, address, datetime.now(UTC))

    async def save(
        self,
        event: str,
        *,
        visitor: str | None,
        block: Network | None,
        seconds: int,
        reason: str,
        who: str,
    ) -> Ban:
        """Save a ban, and record it in the journal. Return it; here it is in force already.

        Where the visitor or the block is banned already, that ban has this end and reason from now
        on: an operator who repeats what was not answered makes no second one.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await audit.lock_event(connection, event)
            row = await connection.fetchrow(
                SAVE, uuid.uuid4(), event, visitor, block, reason, float(seconds), who
            )
            assert row is not None
            ban = _ban_of(row)
            whom = visitor or str(block)
            await audit.record(
                connection, who, "ban", event, ban=str(ban.id), whom=whom, seconds=seconds,
                reason=reason,
            )  # fmt: skip
        self.listed.put(ban)
        return ban

    async def lift(self, event: str, ban: UUID, *, who: str) -> None:
        """End a ban now, and record that in the journal.

        Raises:
            UnknownBan: the event has none of this id that is in force.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                """
                UPDATE bans SET until = now(), changed_at = clock_timestamp()
                WHERE id = $1 AND event = $2 AND until > now() RETURNING *
                """,
                ban,
                event,
            )
            if row is None:
                raise UnknownBan
            await audit.record(connection, who, "unban", event, ban=str(ban))
        self.listed.put(_ban_of(row))

    async def page(self, event: str, *, limit: int, after: UUID | None) -> list[Ban]:
        """Return up to `limit` bans of an event that are in force, the newest first."""
        rows = await self._pool.fetch(
            """
            SELECT * FROM bans WHERE event = $1 AND until > now()
                AND ($2::uuid IS NULL OR (at, id) < (SELECT at, id FROM bans WHERE id = $2))
            ORDER BY at DESC, id DESC LIMIT $3
            """,
            event,
            after,
            limit,
        )
        return [_ban_of(row) for row in rows]

    async def read_new(self) -> list[Ban]:
        """Read what changed since the last call, at first all. Return the bans that are new here.

        Those that are over go from the list.
        """
        rows = await self._pool.fetch(
            """
            SELECT * FROM bans
            WHERE CASE WHEN $1::timestamptz IS NULL THEN until > now()
                ELSE changed_at > $1::timestamptz - $2::interval END
            ORDER BY changed_at
            """,
            self._since,
            OVERLAP,
        )
        now = datetime.now(UTC)
        self._since = max([row["changed_at"] for row in rows], default=self._since or now)
        read = [_ban_of(row) for row in rows]
        new = [ban for ban in read if self.listed.put(ban) and ban.until > now]
        self.listed.drop_over(now)
        return new


def _ban_of(row: asyncpg.Record) -> Ban:
    return Ban(
        row["id"], row["event"], row["visitor"], row["block"], row["reason"], row["until"],
        row["who"], row["at"],
    )  # fmt: skip
