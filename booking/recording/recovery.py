"""The recovery of an event in Redis, after a loss, an old snapshot, or a new Redis, and at start.

    close the epoch n        every batch is NOT_READY from here
    drain                    the entries left in the outbox of n are recorded in Postgres
    count n + 1 in Postgres  a recorder that still commits for n rolls back
    put back                 the journal tells what an undone closing had removed
    load under n + 1         Postgres is read only now
    open n + 1               only in the Redis that was loaded, if nothing came in between

Any number of processes may try at once, and each may stop in the middle: every attempt has a
number of its own, and closing, loading and opening never work on another's. Only the holder of the
event's lease closes an epoch, which Postgres says while the row is locked: a rival that was
stopped, or is late, closes nothing that another has begun.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from booking_rush.booking import audit
from booking_rush.booking.catalogue import sale_stops
from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import state_act
from booking_rush.booking.recording import closing
from booking_rush.booking.recording.leases import EventLeases, LeaseRow, LedEvent
from booking_rush.booking.recording.loading import Loading, allow_long_statements
from booking_rush.errors import TryAgain
from booking_rush.lease import RENEW_S
from booking_rush.lua.client.program import Program
from booking_rush.lua.recovery.commands import (
    CloseEpoch,
    EpochOpened,
    EpochPassed,
    OpenEpoch,
)
from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.queue.event_registry import UnknownEvent
from booking_rush.tasks import cancel_and_wait

log = logging.getLogger(__name__)

REBUILD_S = 20.0  # the longest wait for another process that recovers the same event


class Recovery:
    """Recovers one event at a time; `drain` records the outbox of a closed epoch."""

    def __init__(
        self,
        pool: Pool,
        program: Program,
        holder: str,
        drain: Callable[[str, int], Awaitable[None]],
    ) -> None:
        self._pool = pool
        self._program = program
        self._holder = holder
        self._drain = drain

    async def recover(
        self, event: str, epoch: int, is_ours: Callable[[], bool], *, by_hand: bool = False
    ) -> str:
        """Recover an event from epoch n. Return the stamp of n + 1, or "" if another interfered.

        It stops at its next page when `is_ours` says that the lease was lost. An epoch that is
        open in this Redis is returned as it is, unless it was closed and reopened, or an operator
        wants it loaded `by_hand`.

        Raises:
            asyncpg.PostgresError, OSError, RedisError: a store did not answer; begin anew.
        """
        [found] = await self._program.epochs([event])
        if found.is_open(epoch) and not by_hand:
            return found.stamp
        log.warning("recovers event=%s epoch=%d", event, epoch)
        closed = await self._close_epoch(event, epoch, found.run_id)
        if closed is None:
            return ""
        await self._drain(event, closed)
        outage_ms = await self._begin_epoch(event, closed)
        if outage_ms is None:
            return ""
        stamp = f"{closed + 1}:{found.run_id}"
        if not await closing.put_back(self._pool, event, is_ours):
            return ""
        if not await Loading(self._pool, self._program, event, stamp, is_ours).run():
            log.warning("not recovered event=%s epoch=%d", event, closed + 1)
            return ""
        opened = await self._program.ask(event, stamp, OpenEpoch())
        if not isinstance(opened, EpochOpened):
            return ""
        log.warning("recovered event=%s epoch=%d outage_ms=%d", event, closed + 1, outage_ms)
        return stamp

    async def _close_epoch(self, event: str, epoch: int, run_id: str) -> int | None:
        """Close epoch n in Redis, while its row is locked in Postgres.

        Return the number of the closed epoch. It is greater than n where Redis is ahead of a
        Postgres that was restored, which counts on from there. Return None if the lease is
        another's, or Postgres counts another epoch.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            counted = await connection.fetchval(
                "SELECT epoch FROM recorded WHERE event = $1 AND holder = $2 FOR UPDATE",
                event, self._holder,
            )  # fmt: skip
            if counted != epoch:
                return None
            stamp = f"{epoch}:{run_id}"
            reply = await self._program.ask(event, stamp, CloseEpoch(epoch))
            if isinstance(reply, EpochPassed):
                epoch = reply.number
                await connection.execute(
                    "UPDATE recorded SET epoch = $2, last = '0-0' WHERE event = $1", event, epoch
                )
                reply = await self._program.ask(event, f"{epoch}:{run_id}", CloseEpoch(epoch))
                assert not isinstance(reply, EpochPassed), event
        return epoch

    async def _begin_epoch(self, event: str, epoch: int) -> int | None:
        """Begin n + 1 in Postgres, and stop the sale's clock for the time that Redis was away.

        So every deadline comes later by it, and none is written. Return that time in ms, or None
        if the lease is another's, or n + 1 has begun. The lease is renewed at the end: nobody
        could while the row was locked.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await allow_long_statements(connection)
            await audit.lock_event(connection, event)  # first, as an operator's act does
            row = await connection.fetchrow(
                """
                SELECT (extract(epoch FROM now() - seen_at) * 1000)::bigint AS outage_ms,
                    events.state = 'closed' AS is_closed
                FROM recorded JOIN events ON events.id = event
                WHERE event = $1 AND epoch = $2 AND holder = $3 FOR UPDATE OF recorded
                """,
                event, epoch, self._holder,
            )  # fmt: skip
            if row is None:
                return None
            outage_ms: int = row["outage_ms"]
            if epoch > 0:  # it was loaded before
                await sale_stops.add_outage(connection, event)
            await connection.execute(
                """
                UPDATE recorded SET epoch = epoch + 1, last = '0-0', seen_at = clock_timestamp(),
                    held_at = clock_timestamp(), closing = closing OR $2
                WHERE event = $1
                """,
                event, row["is_closed"],
            )  # fmt: skip
            if epoch:  # not the first: Redis has lost what it had
                why = f"epoch {epoch + 1}, {outage_ms} ms away"
                await journal.append(connection, event, [state_act("recovered", reason=why)])
        return outage_ms


class Rebuilding:
    """Recovers one event for an operator, whoever had its lease."""

    def __init__(self, recovery: Recovery, program: Program, leases: EventLeases) -> None:
        self._recovery = recovery
        self._program = program
        self._leases = leases

    async def rebuild(self, event: str) -> str:
        """Seize the lease and recover the event now. Return the stamp of the epoch that is open.

        Raises:
            UnknownEvent: there is none.
            TryAgain: another process is recovering it, and took longer than 20 s.
        """
        epoch = await self._leases.seize(event)
        if epoch is None:
            raise UnknownEvent(f"there is no event {event!r}")
        mine = LedEvent.of(LeaseRow(event, epoch, "0-0", "open", False))
        keeping = asyncio.create_task(self._keep(mine))
        try:
            stamp = await self._recovery.recover(event, epoch, mine.is_ours, by_hand=True)
        finally:
            await cancel_and_wait([keeping])
        stamp = stamp or await self._opened_after(event, epoch)
        if not stamp:
            raise TryAgain(f"{event} is being recovered by another process")
        return stamp

    async def _opened_after(self, event: str, epoch: int) -> str:
        """Wait for a faster process that loads the same. Return the stamp of its epoch, or ""."""
        until = time.monotonic() + REBUILD_S
        while time.monotonic() < until:
            await asyncio.sleep(RENEW_S)
            [found] = await self._program.epochs([event])
            number, _, at = found.stamp.partition(":")
            if at and at == found.run_id and int(number) > epoch:
                return found.stamp
        return ""

    async def _keep(self, led: LedEvent) -> None:
        """Renew the lease of one event until it is lost."""
        while led.is_ours():
            await asyncio.sleep(RENEW_S)
            with suppress(*UNAVAILABLE):
                led.is_lost = not await self._leases.keep(led.event)
