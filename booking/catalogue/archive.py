"""Archive of events: when nothing moves any more, their keys in Redis are removed."""

import asyncio
import logging
import time
from typing import cast

from redis.asyncio import Redis

from booking_rush.booking import audit
from booking_rush.errors import Refusal
from booking_rush.lease import Lease
from booking_rush.lua.client.removal import remove
from booking_rush.lua.cluster.cluster_client import primaries_of
from booking_rush.lua.keys import tag_of
from booking_rush.postgres import Pool

log = logging.getLogger(__name__)

ARCHIVE_AFTER_S = 24 * 3600.0  # without a change of the event, and without an outbox entry
EVERY_S = 60.0
UNLOAD_AFTER_S = 60.0  # by then every process has seen that the event is archived
PAGE = 20  # events of one run
SCAN_PAGE = 1_000
PAUSE_S = 0.01  # between two pages of a SCAN, so that moves come in between


class NotArchivable(Refusal):
    """An event is archived once its closing cannot be undone, and nothing of it moves."""

    code, status = "not_archivable", 409


class Archive:
    """Archives events once a minute, in the process that holds the lease.

    An event is archived when it is closed, none of its bookings is on its way, nothing is in its
    outbox, and neither it nor its stream in Redis has changed for a day. It comes back when a late
    message or an operator orders something that only Redis can do.
    """

    def __init__(self, pool: Pool, redis: Redis, holder: str) -> None:
        self._pool = pool
        self._redis = redis
        self._lease = Lease(pool, "archive", holder)
        self._next_at = time.monotonic() + EVERY_S

    async def run_once(self) -> int:
        """Archive, if a minute has passed. Return how many events were moved."""
        if time.monotonic() < self._next_at or not await self._lease.is_held():
            return 0
        self._next_at = time.monotonic() + EVERY_S
        return len(await self.bring_back()) + len(await self.archive()) + await self.unload()

    async def archive(self, *, after_s: float = ARCHIVE_AFTER_S) -> list[str]:
        """Mark events as archived that have ended `after_s` ago. Return their ids."""
        rows = await self._pool.fetch(ARCHIVE, after_s, PAGE)
        for row in rows:
            log.warning("archived event=%s", row["id"])
        return [row["id"] for row in rows]

    async def bring_back(self) -> list[str]:
        """Let the record duty load archived events again for which an order waits."""
        rows = await self._pool.fetch(BRING_BACK, PAGE)
        for row in rows:
            log.warning("back from the archive event=%s", row["id"])
        return [row["id"] for row in rows]

    async def unload(self, *, after_s: float = UNLOAD_AFTER_S) -> int:
        """Unlink the keys of events archived `after_s` ago. Return how many events it was."""
        rows = await self._pool.fetch(
            """
            SELECT id FROM events WHERE archived_at < now() - make_interval(secs => $1)
                AND unloaded_at IS NULL ORDER BY archived_at LIMIT $2
            """,
            after_s, PAGE,
        )  # fmt: skip
        for row in rows:
            for primary in await primaries_of(self._redis):
                await _unlink(primary, row["id"])
            await self._pool.execute(
                """
                UPDATE events SET unloaded_at = now()
                WHERE id = $1 AND archived_at IS NOT NULL
                """,
                row["id"],
            )
        return len(rows)

    async def release(self) -> None:
        """Release the lease, so that another process may archive."""
        await self._lease.release()


async def archive_now(pool: Pool, event: str, *, who: str) -> None:
    """Mark one event as archived for an operator, who need not wait for the day.

    Raises:
        NotArchivable: it is not closed, it was just now, something of it moves, or it is archived.
    """
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(ARCHIVE_NOW, 0.0, event) is None:
            raise NotArchivable
        await audit.record(connection, who, "archive", event)


async def _unlink(redis: Redis, event: str) -> None:
    """Unlink the keys of an event at one primary."""
    cursor = 0
    while True:
        page = await redis.scan(cursor, f"{tag_of(event)}:*", SCAN_PAGE)
        cursor, names = cast("tuple[int, list[bytes]]", page)
        if names:
            await remove(redis, names)
        if cursor == 0:
            return
        await asyncio.sleep(PAUSE_S)


# Events that have ended so many seconds ago.
ENDED = """
    SELECT id FROM events JOIN recorded ON recorded.event = events.id
    WHERE archived_at IS NULL AND state = 'closed'
        AND changed_at < now() - make_interval(secs => $1)
        AND split_part(last, '-', 1)::bigint
            < (extract(epoch FROM now()) - $1) * 1000
        AND NOT EXISTS (SELECT FROM bookings WHERE bookings.event = events.id
            AND bookings.state IN ('held', 'paying', 'retaking', 'refunding'))
        AND NOT EXISTS (SELECT FROM outbox WHERE outbox.event = events.id
            AND done_at IS NULL AND NOT parked)
        AND NOT EXISTS (SELECT FROM outbox WHERE outbox.event = events.id
            AND parked AND retry_at IS NOT NULL)
"""

# ruff: noqa: S608  the statements are made of this file alone
ARCHIVE = f"""
    UPDATE events SET archived_at = now(), unloaded_at = NULL WHERE id IN ({ENDED} LIMIT $2)
    RETURNING id
"""

# `closing`: its places may still come back by an undo. The recorder marks it only once Redis has
# told it of the end, so the time of the undo is asked for, too.
ARCHIVE_NOW = f"""
    UPDATE events SET archived_at = now(), unloaded_at = NULL
    WHERE id IN ({ENDED} AND NOT closing AND events.id = $2
        AND closed_at < now() - make_interval(secs => {audit.UNDO_S}))
    RETURNING id
"""

BRING_BACK = """
    UPDATE events SET archived_at = NULL, unloaded_at = NULL WHERE id IN (
        SELECT id FROM events WHERE archived_at IS NOT NULL AND EXISTS (
            SELECT FROM outbox WHERE outbox.event = events.id AND topic = 'orders'
                AND lane = '' AND done_at IS NULL AND NOT parked)
        LIMIT $1)
    RETURNING id
"""
