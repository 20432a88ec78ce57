"""The record duty: what happened in Redis is carried to Postgres, in order, each entry once.

The cursor `recorded.last` moves in the transaction that writes what it passes, so it is the
truth about how far Postgres is: no consumer group, no acknowledgement. The lease on an event
only saves work; two that record at once are kept apart by the cursor, and one of them rolls back.
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
BLOCK_MS = 100  # how long a quiet outbox is listened to; 0: not at all
REBUILD_S = 20.0  # how long a rival that brings the same event back is waited for


class CursorMovedError(Exception):
    """Somebody else recorded this event, or a new epoch began: nothing was written."""


@dataclass(frozen=True, slots=True)
class LeasedEvent:
    """An event that this process records: where it stands, and the Redis that holds it."""

    event: str
    epoch: int
    last: str
    stamp: str


class Recorder:
    """Records every event of which it holds the lease; `provider` is to be paid by."""

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
        self._leads: dict[str, LeasedEvent] = {}
        self._renewed_at = -RENEW_S

    async def run_once(self) -> int:
        """Record what is there, or listen for a moment; how many entries it was.

        Raises:
            asyncpg.PostgresError, OSError, RedisError: a store did not answer; ask again.
        """
        if time.monotonic() - self._renewed_at >= RENEW_S:
            await self._renew()
        if not self._leads:
            await asyncio.sleep(BLOCK_MS / 1000)
            return 0
        leads = {key(lead.event, lead.epoch, "outbox"): lead for lead in self._leads.values()}
        reading = self._redis.xread(
            {name: lead.last for name, lead in leads.items()},
            count=ENTRIES_MAX,
            block=BLOCK_MS or None,
        )
        found = cast("list[tuple[bytes, list[Entry]]]", await reading)
        work = [self._record(leads[name.decode()], entries) for name, entries in found]
        return sum(await asyncio.gather(*work))

    async def release(self) -> None:
        """Give up every lease, so that another may begin at once."""
        await self._pool.execute("UPDATE recorded SET holder = '' WHERE holder = $1", self._holder)
        self._leads = {}

    async def rebuild(self, event: str) -> int:
        """Bring one event back by hand; the number of the epoch that is open then.

        Raises:
            UnknownEvent: there is none.
            TryAgain: somebody else was at it, too.
        """
        epoch = await self._pool.fetchval("SELECT epoch FROM recorded WHERE event = $1", event)
        if epoch is None:
            raise UnknownEvent(f"there is no event {event!r}")
        stamp = await self._recovery.recover(event, epoch)
        until = time.monotonic() + REBUILD_S
        while not stamp and time.monotonic() < until:  # a rival was faster: its load is as good
            await asyncio.sleep(RENEW_S)
            run_id, [found] = await self._program.epochs([event])
            number, _, at = found.partition(":")
            stamp = found if at == run_id and int(number) > epoch else ""
        if not stamp:
            raise TryAgain(f"{event} is being brought back by another process")
        return int(stamp.partition(":")[0])

    async def _renew(self) -> None:
        """Take or keep leases; what is not ready in this Redis is brought back first."""
        rows = await self._pool.fetch(
            """
            UPDATE recorded SET holder = $1, held_at = now()
            WHERE holder IN ($1, '') OR held_at < now() - make_interval(secs => $2)
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
        await self._take(ready)

    async def _take(self, ready: list[LeasedEvent]) -> None:
        """Go on with events that were led before, begin with the others."""
        new = [lead for lead in ready if not self._is_led(lead)]
        self._leads = {lead.event: lead for lead in ready}
        for lead in new:
            log.info("records event=%s epoch=%d from=%s", lead.event, lead.epoch, lead.last)
            await self._mark(lead, await self._numbers(lead.event))
        await self._pool.execute(
            """
            UPDATE recorded SET seen_at = now()
            WHERE event = ANY($1) AND seen_at < now() - interval '1 s'
            """,
            list(self._leads),
        )

    def _is_led(self, lead: LeasedEvent) -> bool:
        had = self._leads.get(lead.event)
        return had is not None and (had.stamp, had.last) == (lead.stamp, lead.last)

    async def _record(self, lead: LeasedEvent, entries: list[Entry]) -> int:
        batch = fold(entries)
        try:
            await self.commit(lead.event, lead.epoch, lead.last, batch)
        except CursorMovedError:
            log.info("another records event=%s epoch=%d", lead.event, lead.epoch)
            self._leads.pop(lead.event, None)
            return 0
        self._leads[lead.event] = replace(lead, last=batch.last)
        await self._mark(self._leads[lead.event], batch.numbers())
        return len(entries)

    async def _mark(self, lead: LeasedEvent, numbers: dict[str, int]) -> None:
        """Tell everybody how far Postgres is; where the epoch is gone, recovery comes next."""
        try:
            await self._program.ask(lead.event, lead.stamp, MarkRecorded(lead.last, numbers))
        except Recovering:
            self._leads.pop(lead.event, None)
            self._renewed_at = -RENEW_S

    async def _numbers(self, event: str) -> dict[str, int]:
        rows = await self._pool.fetch(
            "SELECT lane, max(number) AS number FROM places WHERE event = $1 GROUP BY lane", event
        )
        return {row["lane"]: row["number"] for row in rows}

    async def _drain(self, event: str, epoch: int) -> None:
        """Record what the outbox of a closed epoch still holds."""
        while True:
            last = await self._pool.fetchval(
                "SELECT last FROM recorded WHERE event = $1 AND epoch = $2", event, epoch
            )
            if last is None:
                return
            reading = self._redis.xrange(
                key(event, epoch, "outbox"), min=f"({last}", count=ENTRIES_MAX
            )
            entries = cast("list[Entry]", await reading)
            if not entries:
                return
            with suppress(CursorMovedError):
                await self.commit(event, epoch, last, fold(entries))

    async def commit(self, event: str, epoch: int, last: str, batch: Batch) -> None:
        """The cursor, then ends, places and bookings, in one transaction.

        Raises:
            CursorMovedError: the cursor is not where this batch begins; nothing was written.
        """
        ended = [row for row in batch.places.values() if row.state == "ended"]
        living = [row for row in batch.places.values() if row.state != "ended"]
        async with self._pool.acquire() as connection, connection.transaction():
            moved = await connection.execute(
                """
                UPDATE recorded SET last = $4, seen_at = now()
                WHERE event = $1 AND epoch = $2 AND last = $3
                """,
                event, epoch, last, batch.last,
            )  # fmt: skip
            if moved != "UPDATE 1":
                raise CursorMovedError(event)
            for rows in (ended, living):
                if rows:
                    put = await connection.execute(PUT_PLACES, event, *zip(*rows, strict=True))
                    assert put == f"INSERT 0 {len(rows)}", "a number was given to two visitors"
            if batch.closed:
                await connection.execute(END_PLACES, event)
            if batch.holds:
                now_ms = int(self._clock() * 1000)
                holds = list(batch.holds.values())
                await save_holds(connection, event, holds, now_ms=now_ms, provider=self._provider)


PUT_PLACES = f"""
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
