"""The recovery of an event in Redis, after a loss, an old snapshot, or a new Redis, and at start.

    close the epoch n        every batch is NOT_READY from here
    drain                    the entries left in the outbox of n are recorded in Postgres
    count n + 1 in Postgres  a recorder that still commits for n rolls back
    load under n + 1         Postgres is read only now
    open n + 1               only in the Redis that was loaded, if nothing came in between

Any number of processes may try at once, and each may stop in the middle: every attempt has a
number of its own, and closing, loading and opening never work on another's.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import cast

import asyncpg
import orjson
from redis.asyncio import Redis

from booking_rush.booking.holds.bookings import hold_of
from booking_rush.booking.seats import inventory
from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import Command
from booking_rush.lua.keys import tag_of
from booking_rush.lua.recovery.commands import (
    CloseEpoch,
    EpochClosed,
    EpochOpened,
    EpochPassed,
    Loaded,
    LoadEvent,
    LoadHolds,
    LoadPlaces,
    LoadSections,
    OpenEpoch,
    RecordedPlace,
)
from booking_rush.postgres import Connection, Pool
from booking_rush.queue.lane_view import MAIN
from booking_rush.queue.rules import rules_of

log = logging.getLogger(__name__)

PAGE = 500  # places a command; a page takes Redis about 3 ms
SCAN_PAGE = 1000


class Recovery:
    """Recovers one event at a time; `drain` records the outbox of a closed epoch."""

    def __init__(
        self,
        pool: Pool,
        redis: Redis,
        program: Program,
        drain: Callable[[str, int], Awaitable[None]],
    ) -> None:
        self._pool = pool
        self._redis = redis
        self._program = program
        self._drain = drain

    async def recover(self, event: str, epoch: int) -> str:
        """Recover an event from epoch n. Return the stamp of n + 1, or "" if another was faster.

        Raises:
            asyncpg.PostgresError, OSError, RedisError: a store did not answer; begin anew.
        """
        log.warning("brings back event=%s epoch=%d", event, epoch)
        run_id, _ = await self._program.epochs([event])
        closing = f"{epoch}:{run_id}"
        match await self._program.ask(event, closing, CloseEpoch(epoch)):
            case EpochPassed(number=found):
                await self._adopt_redis_epoch(event, epoch, found)
                return await self.recover(event, found)
            case EpochClosed():
                await self._drain(event, epoch)
        outage_ms = await self._begin_epoch(event, epoch)
        if outage_ms is None:
            return ""
        stamp = f"{epoch + 1}:{run_id}"
        if not await self._load(event, stamp):
            return ""
        opened = await self._program.ask(event, stamp, OpenEpoch())
        await self._sweep(event, epoch)
        if not isinstance(opened, EpochOpened):
            return ""
        log.warning("is back event=%s epoch=%d outage_ms=%d", event, epoch + 1, outage_ms)
        return stamp

    async def _adopt_redis_epoch(self, event: str, epoch: int, found: int) -> None:
        """Set Postgres to the epoch of Redis, which is ahead of a Postgres that was restored."""
        await self._pool.execute(
            "UPDATE recorded SET epoch = $3, last = '0-0' WHERE event = $1 AND epoch = $2",
            event, epoch, found,
        )  # fmt: skip

    async def _begin_epoch(self, event: str, epoch: int) -> int | None:
        """Begin n + 1 in Postgres, and move every deadline by the time that Redis was away.

        Return that time in ms, or None if another process has begun n + 1.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            outage_ms: int | None = await connection.fetchval(
                """
                SELECT (extract(epoch FROM now() - seen_at) * 1000)::bigint FROM recorded
                WHERE event = $1 AND epoch = $2 FOR UPDATE
                """,
                event,
                epoch,
            )
            if outage_ms is None:
                return None
            await connection.execute(
                """
                UPDATE recorded SET epoch = epoch + 1, last = '0-0', seen_at = now()
                WHERE event = $1
                """,
                event,
            )
            for move_deadlines in (MOVE_PLACES, MOVE_HOLDS):
                await connection.execute(move_deadlines, event, outage_ms)
        return outage_ms

    async def _load(self, event: str, stamp: str) -> bool:
        """Load the event page by page. Return False if another process or a flush interfered."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await connection.fetchrow(LOAD_EVENT, event, MAIN)
            assert row is not None, event
            last, first = row["last"] or 0, row["first"]
            head = first - 1 if first else last
            waits = {f"wait:{at}": n for at, n in orjson.loads(row["waits"]).items()}
            counts = {name: row[name] for name in ("joined", "admitted", "wave")}
            if not await self._loaded(
                event,
                stamp,
                LoadEvent(
                    version=row["version"],
                    state=row["state"],
                    rules=rules_of(orjson.loads(row["rules"])).numbers(),
                    numbers={MAIN: last},
                    head={MAIN: head},
                    stats={**counts, **waits},
                ),
            ):
                return False
            if not await self._load_sections_and_holds(connection, event, stamp):
                return False
            cursor = await connection.cursor(LOAD_PLACES, event, MAIN)
            waited = head
            while rows := await cursor.fetch(PAGE):
                places = [_recorded_place(row) for row in rows]
                gone, waited = gaps(places, waited)
                if not await self._loaded(event, stamp, LoadPlaces(places, gone)):
                    return False
            return await self._load_rest(event, stamp, range(waited + 1, last + 1) if first else ())

    async def _load_sections_and_holds(
        self, connection: Connection, event: str, stamp: str
    ) -> bool:
        """Load sections, by the claims and holds in Postgres, then the holds themselves."""
        for section in await inventory.sections(connection, event):
            if not await self._loaded(event, stamp, LoadSections([section])):
                return False
        cursor = await connection.cursor(inventory.LOAD_HOLDS, event)
        while rows := await cursor.fetch(PAGE):
            page = LoadHolds([hold_of(row) for row in rows])
            if not await self._loaded(event, stamp, page):
                return False
        return True

    async def _load_rest(self, event: str, stamp: str, numbers: range | tuple[()]) -> bool:
        """Load the numbers behind the last place that waits, as gone."""
        for at in range(0, len(numbers), PAGE):
            if not await self._loaded(event, stamp, LoadPlaces([], list(numbers[at : at + PAGE]))):
                return False
        return True

    async def _loaded(self, event: str, stamp: str, command: Command[Loaded | EpochPassed]) -> bool:
        return isinstance(await self._program.ask(event, stamp, command), Loaded)

    async def _sweep(self, event: str, epoch: int) -> None:
        """Unlink the keys of older epochs."""
        cursor = 0
        while True:
            page = await self._redis.scan(cursor, f"{tag_of(event)}:*", SCAN_PAGE)
            cursor, names = cast("tuple[int, list[bytes]]", page)
            old = [name for name in names if 0 <= _epoch_of(name) <= epoch]
            if old:
                await self._redis.unlink(*old)
            if cursor == 0:
                return


MOVE_PLACES = """
    UPDATE places SET until_ms = until_ms + $2
    WHERE event = $1 AND state IN ('admitted', 'late')
"""

MOVE_HOLDS = "UPDATE bookings SET until_ms = until_ms + $2 WHERE event = $1 AND state = 'held'"

LOAD_EVENT = """
    SELECT version, state, rules,
        (SELECT max(number) FROM places WHERE event = $1 AND lane = $2) AS last,
        (SELECT min(number) FROM places WHERE event = $1 AND lane = $2 AND state = 'waiting')
            AS first,
        (SELECT count(*) FROM places WHERE event = $1) AS joined,
        (SELECT count(*) FROM places WHERE event = $1 AND wave > 0) AS admitted,
        (SELECT coalesce(max(wave), 0) FROM places WHERE event = $1) AS wave,
        (SELECT coalesce(json_object_agg(at, n), '{}') FROM (
            SELECT floor(4 * ln(greatest(100, admitted_ms - joined_ms) / 100::float8)
                / ln(2::float8))::int AS at, count(*) AS n
            FROM places WHERE event = $1 AND wave > 0 GROUP BY at) AS counted) AS waits
    FROM events WHERE id = $1
"""

LOAD_PLACES = """
    SELECT visitor, number, joined_ms, state, wave, admitted_ms, until_ms FROM places
    WHERE event = $1 AND lane = $2 AND state <> 'ended' ORDER BY number
"""


def gaps(places: list[RecordedPlace], waited: int) -> tuple[list[int], int]:
    """Return the numbers, after `waited`, between places that wait, and the last that waits."""
    gone: list[int] = []
    for place in places:
        if place.state == "waiting":
            gone += range(waited + 1, place.number)
            waited = place.number
    return gone, waited


def _recorded_place(row: asyncpg.Record) -> RecordedPlace:
    return RecordedPlace(
        visitor=row["visitor"],
        number=row["number"],
        joined=row["joined_ms"],
        state=row["state"],
        wave=row["wave"],
        admitted=row["admitted_ms"],
        until_ms=row["until_ms"],
    )


def _epoch_of(name: bytes) -> int:
    """Return the epoch of a key `{event}:<n>:…`, or −1 for the epoch's own key."""
    part = name.decode().rpartition("}")[2].split(":")[1]
    return int(part) if part.isdigit() else -1
