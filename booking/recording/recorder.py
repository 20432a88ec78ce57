"""The record duty: writes every event's outbox in Redis to Postgres, in order, each entry once.

The cursor `recorded.last` moves in the transaction that writes the entries up to it, so it is
exactly how far Postgres is, without a consumer group or acknowledgements. The lease on an event
only saves work: of two processes that record it at once, the cursor lets one commit, and the other
rolls back.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

from redis.asyncio import Redis

from booking_rush.booking.recording.batch import Batch, Entry, PlaceRow, fold
from booking_rush.booking.recording.persistence import save_holds
from booking_rush.booking.recording.recovery import Recovery
from booking_rush.errors import Recovering, TryAgain
from booking_rush.lease import LEASE_S, RENEW_S
from booking_rush.lua.client.program import Program
from booking_rush.lua.keys import key
from booking_rush.lua.recovery.commands import MarkRecorded
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import UnknownEvent

log = logging.getLogger(__name__)

ENTRIES_MAX = 2000  # of one event in one transaction
BLOCK_MS = 100  # of one read while the outboxes are empty; 0: it does not wait
REBUILD_S = 20.0  # the longest wait for another process that recovers the same event


class CursorMovedError(Exception):
    """Another process recorded this event, or a new epoch began: nothing was written."""


@dataclass(frozen=True, slots=True)
class LeasedEvent:
    """An event whose lease this process has, and how far it is recorded."""

    event: str
    epoch: int
    cursor: str  # id of the last outbox entry that is recorded
    stamp: str  # `epoch:run id` of the Redis that has it open


class Recorder:
    """Records every event of which it has the lease.

    `provider` is the payment provider that checkouts are charged by.
    """

    def __init__(
        self,
        pool: Pool,
        redis: Redis,
        program: Program,
        holder: str,
        clock: Callable[[], float] = time.time,
        provider: str = "bank",
    ) -> None:
        self._pool = pool
        self._provider = provider
        self._clock = clock
        self._redis = redis
        self._program = program
        self._holder = holder
        self._recovery = Recovery(pool, redis, program, self._drain)
        self._leased: dict[str, LeasedEvent] = {}
        self._renewed_at = -RENEW_S

    async def run_once(self) -> int:
        """Record the entries that are there, or wait 0.1 s for one. Return how many it recorded.

        Raises:
            asyncpg.PostgresError, OSError, RedisError: a store did not answer; run again.
        """
        if time.monotonic() - self._renewed_at >= RENEW_S:
            await self._renew()
        if not self._leased:
            await asyncio.sleep(BLOCK_MS / 1000)
            return 0
        outboxes = {
            key(leased.event, leased.epoch, "outbox"): leased for leased in self._leased.values()
        }
        reading = self._redis.xread(
            {name: leased.cursor for name, leased in outboxes.items()},
            count=ENTRIES_MAX,
            block=BLOCK_MS or None,
        )
        found = cast("list[tuple[bytes, list[Entry]]]", await reading)
        work = [self._record(outboxes[name.decode()], entries) for name, entries in found]
        return sum(await asyncio.gather(*work))

    async def release(self) -> None:
        """Release every lease, so that another process may begin at once."""
        await self._pool.execute("UPDATE recorded SET holder = '' WHERE holder = $1", self._holder)
        self._leased = {}

    async def rebuild(self, event: str) -> int:
        """Recover one event now, for an operator. Return the epoch that is open after that.

        Raises:
            UnknownEvent: there is none.
            TryAgain: another process is recovering it, and took longer than 20 s.
        """
        epoch = await self._pool.fetchval("SELECT epoch FROM recorded WHERE event = $1", event)
        if epoch is None:
            raise UnknownEvent(f"there is no event {event!r}")
        stamp = await self._recovery.recover(event, epoch)
        until = time.monotonic() + REBUILD_S
        while not stamp and time.monotonic() < until:  # a faster process loads the same
            await asyncio.sleep(RENEW_S)
            run_id, [found] = await self._program.epochs([event])
            number, _, at = found.partition(":")
            stamp = found if at == run_id and int(number) > epoch else ""
        if not stamp:
            raise TryAgain(f"{event} is being brought back by another process")
        return int(stamp.partition(":")[0])

    async def _renew(self) -> None:
        """Take free leases and renew ours; recover events that are not open in this Redis."""
        rows = await self._pool.fetch(
            """
            UPDATE recorded SET holder = $1, held_at = now()
            WHERE (holder IN ($1, '') OR held_at < now() - make_interval(secs => $2))
                AND event IN (SELECT id FROM events WHERE archived_at IS NULL)
            RETURNING event, epoch, last
            """,
            self._holder,
            LEASE_S,
        )
        self._renewed_at = time.monotonic()
        run_id, found = await self._program.epochs([row["event"] for row in rows])
        ready: list[LeasedEvent] = []
        for row, stamp in zip(rows, found, strict=True):
            if stamp == f"{row['epoch']}:{run_id}":
                ready.append(LeasedEvent(row["event"], row["epoch"], row["last"], stamp))
            elif stamp := await self._recovery.recover(row["event"], row["epoch"]):
                ready.append(LeasedEvent(row["event"], row["epoch"] + 1, "0-0", stamp))
        await self._start_recording(ready)

    async def _start_recording(self, ready: list[LeasedEvent]) -> None:
        """Record these events from now on; for new ones, publish how far Postgres is."""
        new = [leased for leased in ready if not self._is_recording(leased)]
        self._leased = {leased.event: leased for leased in ready}
        for leased in new:
            log.info("records event=%s epoch=%d from=%s", leased.event, leased.epoch, leased.cursor)
            await self._mark_recorded(leased, await self._numbers(leased.event))
        await self._pool.execute(
            """
            UPDATE recorded SET seen_at = now()
            WHERE event = ANY($1) AND seen_at < now() - interval '1 s'
            """,
            list(self._leased),
        )

    def _is_recording(self, leased: LeasedEvent) -> bool:
        known = self._leased.get(leased.event)
        return known is not None and (known.stamp, known.cursor) == (leased.stamp, leased.cursor)

    async def _record(self, leased: LeasedEvent, entries: list[Entry]) -> int:
        batch = fold(entries)
        try:
            await self.commit(leased.event, leased.epoch, leased.cursor, batch)
        except CursorMovedError:
            log.info("another records event=%s epoch=%d", leased.event, leased.epoch)
            self._leased.pop(leased.event, None)
            return 0
        self._leased[leased.event] = replace(leased, cursor=batch.cursor)
        await self._mark_recorded(self._leased[leased.event], batch.numbers())
        return len(entries)

    async def _mark_recorded(self, leased: LeasedEvent, numbers: dict[str, int]) -> None:
        """Publish in Redis how far Postgres is; where the epoch is gone, recover the event next."""
        try:
            await self._program.ask(
                leased.event, leased.stamp, MarkRecorded(leased.cursor, numbers)
            )
        except Recovering:
            self._leased.pop(leased.event, None)
            self._renewed_at = -RENEW_S

    async def _numbers(self, event: str) -> dict[str, int]:
        rows = await self._pool.fetch(
            "SELECT lane, max(number) AS number FROM places WHERE event = $1 GROUP BY lane", event
        )
        return {row["lane"]: row["number"] for row in rows}

    async def _drain(self, event: str, epoch: int) -> None:
        """Record the entries that are left in the outbox of a closed epoch."""
        while True:
            cursor = await self._pool.fetchval(
                "SELECT last FROM recorded WHERE event = $1 AND epoch = $2", event, epoch
            )
            if cursor is None:
                return
            reading = self._redis.xrange(
                key(event, epoch, "outbox"), min=f"({cursor}", count=ENTRIES_MAX
            )
            entries = cast("list[Entry]", await reading)
            if not entries:
                return
            with suppress(CursorMovedError):
                await self.commit(event, epoch, cursor, fold(entries))

    async def commit(self, event: str, epoch: int, cursor: str, batch: Batch) -> None:
        """Move the cursor and save the batch, in one transaction.

        Ended places are saved before the others: a visitor may have only one that is not ended.

        Raises:
            CursorMovedError: `cursor` is no longer how far Postgres is; nothing was written.
        """
        ended = [row for row in batch.places.values() if row.state == "ended"]
        living = [row for row in batch.places.values() if row.state != "ended"]
        async with self._pool.acquire() as connection, connection.transaction():
            moved = await connection.execute(
                """
                UPDATE recorded SET last = $4, seen_at = now()
                WHERE event = $1 AND epoch = $2 AND last = $3
                """,
                event, epoch, cursor, batch.cursor,
            )  # fmt: skip
            if moved != "UPDATE 1":
                raise CursorMovedError(event)
            for rows in (ended, living):
                if rows:
                    done = await connection.execute(SAVE_PLACES, event, *zip(*rows, strict=True))
                    assert done == f"INSERT 0 {len(rows)}", "a number was given to two visitors"
            if batch.closed:
                await connection.execute(END_PLACES, event)
            if batch.holds:
                now_ms = int(self._clock() * 1000)
                holds = list(batch.holds.values())
                await save_holds(connection, event, holds, now_ms=now_ms, provider=self._provider)


SAVE_PLACES = f"""
    INSERT INTO places (event, {", ".join(PlaceRow._fields)})
    SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::bigint[], $10::text[])
    ON CONFLICT (event, lane, number) DO UPDATE SET state = EXCLUDED.state, wave = EXCLUDED.wave,
        admitted_ms = EXCLUDED.admitted_ms, until_ms = EXCLUDED.until_ms, reason = EXCLUDED.reason
    WHERE places.visitor = EXCLUDED.visitor
"""  # noqa: S608  the names are those of PlaceRow

END_PLACES = """
    UPDATE places SET state = 'ended', reason = 'removed' WHERE event = $1 AND state <> 'ended'
"""
