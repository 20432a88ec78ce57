"""The record duty: writes every event's outbox in Redis to Postgres, in order, each entry once.

Each led event is worked on by a task of its own: it is recorded, marked, recovered and backed off
by itself, and nobody awaits another event's commit. The lease on an event only saves work: of two
processes that record it at once, the cursor lets one commit, and the other rolls back.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from booking_rush.booking.recording.batch import Batch, Entry, read
from booking_rush.booking.recording.commits import Commits, CursorMovedError
from booking_rush.booking.recording.event_tasks import ENTRIES_MAX, EventTasks, first_of
from booking_rush.booking.recording.leases import (
    RESTING_LOOK_S,
    RESTING_READ_S,
    RESTING_RENEW_S,
    EventLeases,
    LeaseRow,
    LedEvent,
    RestingEvents,
)
from booking_rush.booking.recording.recovery import Rebuilding
from booking_rush.booking.recording.sweeping import sweep
from booking_rush.lease import RENEW_S
from booking_rush.lua.client.program import FoundEpoch, Program
from booking_rush.lua.cluster.streams import Streams
from booking_rush.lua.keys import key
from booking_rush.postgres import Pool, end_stalled_sessions
from booking_rush.tasks import cancel_and_wait

__all__ = ["CursorMovedError", "Recorder"]

log = logging.getLogger(__name__)

REPLY_MAX = 1000  # entries of all events in one reply: some 0.1 s to take apart
ENTRIES_MIN = 5  # of one event in one reply, however many events there are
BLOCK_MS = 100  # of one read while the outboxes are empty; 0: it does not wait
BUSY_BLOCK_MS = 5  # the same while a commit is on its way, whose event is ready any moment
STALLED_S = 2.0  # between two looks for sessions of processes that stand still
COMMIT_S = 0.05  # so long a read waits for the commits of the one before; more delays others


class Recorder:
    """Records every event of which it has the lease.

    `provider` is the payment provider that checkouts are charged by. `lease_pool` serves leases
    alone, so that they are renewed while every other connection is in use. Payment deadlines are
    judged by Postgres' clock, unless a test passes one, in seconds.
    """

    def __init__(
        self,
        pool: Pool,
        redis: Redis,
        program: Program,
        holder: str,
        clock: Callable[[], float] | None = None,
        provider: str = "bank",
        lease_pool: Pool | None = None,
    ) -> None:
        self._redis = redis
        self._streams = Streams(redis)
        self._program = program
        self._commits = Commits(pool, program, holder, clock, provider)
        self._lease_pool = lease_pool or pool
        self._leases = EventLeases(self._lease_pool, holder)
        self._tasks = EventTasks(pool, redis, program, self._commits, self._leases)
        self._rebuilding = Rebuilding(self._tasks.recovery, program, self._leases)
        self._led = self._tasks.led
        self._looked_at = -RENEW_S
        self._resting = RestingEvents()
        self._swept = -1  # how many events had left keys when they were swept last

    # Loops

    def loops(self) -> list[tuple[str, Callable[[], Coroutine[Any, Any, int]], float]]:
        """Return name, function and pause of the loops that make up the duty.

        Leases have a loop that asks nothing but Postgres: a Redis that hangs loses no lease.
        """
        return [
            ("record", self.read_once, 0),
            ("leases", self.renew_once, RENEW_S),
            ("epochs", self.look_once, RENEW_S),
            ("sweep", self.sweep_once, 1.0),
            ("sessions", self.end_stalled_once, STALLED_S),
        ]

    async def renew_once(self) -> int:
        """Take free leases and renew ours. Return 0, so that the loop pauses.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer; the events stay led.
        """
        now = time.monotonic()
        self._resting.look(self._led.values(), now)
        rows = await self._leases.renew(self._resting.events)
        for row in rows:
            led = self._led.get(row.event)
            if led is None:
                led = self._led[row.event] = LedEvent.of(row)
            led.state, led.is_closing = row.state, led.is_closing or row.closing
            if row.is_reopened and led.is_free(now):
                led.doubt()
        passed_over = self._led.keys() - {row.event for row in rows}
        passed_over -= self._resting.skipped("leases", RESTING_RENEW_S, now)
        for event in await self._leases.lost(passed_over):
            if led := self._led.pop(event, None):
                log.info("another leads event=%s", event)
                led.is_lost = True
        return 0

    async def look_once(self) -> int:
        """Compare the epochs of led events with Redis; adopt, or mark for recovery, what differs.

        Return 0, so that the loop pauses.

        Raises:
            asyncpg.PostgresError, OSError, RedisError: a store did not answer.
        """
        self._looked_at = now = time.monotonic()
        skipped = self._resting.skipped("epochs", RESTING_LOOK_S, now)
        idle = [led for led in self._led.values() if led.is_free(now) and led.event not in skipped]
        found = await self._program.epochs([led.event for led in idle])
        right, strange = set[str](), dict[str, FoundEpoch]()
        for led, epoch in zip(idle, found, strict=True):
            if not led.is_free(now) or led.is_lost:
                continue  # a task has begun meanwhile
            if led.stamp and led.stamp == epoch.stamp and epoch.is_open(led.epoch):
                right.add(led.event)
            else:
                strange[led.event] = epoch
        rows = await self._leases.read(strange) if strange else {}
        for row in rows.values():
            self._judge(row, strange[row.event])
        self._tasks.begin()
        await self._leases.mark_seen(right)
        return 0

    async def read_once(self) -> int:
        """Hand the entries that are there to a task an event, or wait 0.1 s for one.

        Return how many changes were recorded meanwhile.

        Raises:
            RedisError: Redis did not answer; run again.
        """
        self._tasks.begin()
        before, now = self._tasks.recorded, time.monotonic()
        skipped = self._resting.skipped("outboxes", RESTING_READ_S, now)
        ready = [
            led for led in self._led.values() if led.is_readable(now) and led.event not in skipped
        ]
        is_any_busy = any(led.stamp and led.task is not None for led in self._led.values())
        block_ms = min(BLOCK_MS, BUSY_BLOCK_MS) if is_any_busy else BLOCK_MS
        if not ready:
            await asyncio.sleep(block_ms / 1000)
            return self._tasks.recorded - before
        tasks = [
            self._tasks.record(led, entries)
            for led, at, entries in await self._read(ready, block_ms)
            if led.is_readable(now) and not led.is_lost and (led.epoch, led.cursor) == at
        ]
        if tasks:
            await asyncio.wait(tasks, timeout=COMMIT_S)
        return self._tasks.recorded - before

    async def sweep_once(self) -> int:
        """Remove what recoveries and closed events left in Redis. Return how many keys they were.

        Raises:
            RedisError: Redis did not answer; run again.
        """
        left = self._tasks.recovered + self._tasks.ended
        if self._swept == left:
            return 0
        swept = await sweep(self._redis, self._open_epochs)
        self._swept = left
        return swept

    async def end_stalled_once(self) -> int:
        """End sessions whose process stands still with locks that a recovery may need.

        Return 0, so that the loop pauses.
        """
        await end_stalled_sessions(self._lease_pool)
        return 0

    async def run_once(self) -> int:
        """Do one round of everything, and wait for its end. Return how many changes it recorded.

        It is for callers that have no loops. An event that failed is tried again in a next round.

        Raises:
            asyncpg.PostgresError, OSError, RedisError: a store did not answer; run again.
        """
        before = self._tasks.recorded
        is_due = time.monotonic() - self._looked_at >= RENEW_S
        if is_due or any(not led.stamp and led.is_free(0) for led in self._led.values()):
            await self.renew_once()
            await self.look_once()
            await self._settle()
        await self.read_once()
        await self._settle()
        await self.sweep_once()
        return self._tasks.recorded - before

    async def stop(self) -> None:
        """Stop every task."""
        await cancel_and_wait(self._tasks.running)

    async def release(self) -> None:
        """Stop every task, and release every lease, so that another process may begin at once."""
        await self.stop()
        for led in self._led.values():
            led.is_lost = True
        self._led.clear()
        await self._leases.release()

    # For operators

    @property
    def rejected(self) -> int:
        """Return how many changes were refused for good, ever."""
        return self._commits.rejected

    @property
    def gaps(self) -> int:
        """Return how often an outbox was found trimmed beyond what Postgres has, ever."""
        return self._tasks.gaps

    def failing(self) -> list[str]:
        """Return the events whose last try to record, recover or close them failed."""
        return [
            led.event
            for led in self._led.values()
            if led.back_off.failures or led.closing_back_off.failures
        ]

    async def rebuild(self, event: str) -> int:
        """Recover one event now, for an operator. Return the epoch that is open after that.

        Raises:
            UnknownEvent: there is none.
            TryAgain: another process is recovering it, and took longer than 20 s.
        """
        led = self._led.get(event)
        if led is not None:
            led.is_rebuilt = True
            if led.task is not None:
                await asyncio.wait([led.task])
        try:
            stamp = await self._rebuilding.rebuild(event)
        finally:
            if led is not None:
                led.is_rebuilt = False
                led.doubt()
                self._looked_at = -RENEW_S
            else:
                await self._leases.release(event)
        self._tasks.recovered += 1
        return int(stamp.partition(":")[0])

    # Parts

    async def commit(self, event: str, epoch: int, cursor: str, batch: Batch) -> None:
        """Move the cursor and save the batch, in one transaction.

        Raises:
            CursorMovedError: `cursor` is no longer how far Postgres is; nothing was written.
        """
        await self._commits.commit(event, epoch, cursor, batch)

    def _judge(self, row: LeaseRow, found: FoundEpoch) -> None:
        """Record an event on in the epoch that Redis has open, or have it recovered.

        Where its primary of a cluster is away it waits, and keeps no other from its recovery.
        """
        led = self._led.get(row.event)
        if led is None or led.task is not None:
            return
        led.is_reopened = row.is_reopened
        if found.is_open(row.epoch) and not row.is_reopened:
            log.info("records event=%s epoch=%d from=%s", row.event, row.epoch, row.last)
            led.adopt(row, found.stamp)
        else:
            led.doubt()
            led.epoch, led.needs_recovery = row.epoch, bool(found.run_id)

    async def _read(
        self, ready: Sequence[LedEvent], block_ms: int
    ) -> list[tuple[LedEvent, tuple[int, str], Sequence[Entry]]]:
        """Return of each event that has entries where it was read from, and a page of them.

        The reply is bounded whatever the number of events: one that takes longer to take apart
        than Redis may take to answer would never arrive.
        """
        count = min(ENTRIES_MAX, max(ENTRIES_MIN, REPLY_MAX // len(ready)))
        outboxes = {key(led.event, led.epoch, "outbox"): led for led in ready}
        at = {name: (led.epoch, led.cursor) for name, led in outboxes.items()}
        try:
            cursors = {name: led.cursor for name, led in outboxes.items()}
            found = await self._streams.read(cursors, count=count, block_ms=block_ms)
        except ResponseError as error:
            if len(ready) > 1:  # one of them is no stream: the others are read without it
                return [one for led in ready for one in await self._read([led], 0)]
            self._tasks.failed(ready[0], ready[0].back_off, error)
            return []
        return [
            (outboxes[name.decode()], at[name.decode()], first_of(read(entries)))
            for name, entries in found
        ]

    def _open_epochs(self) -> dict[str, int]:
        return {led.event: led.epoch for led in self._led.values() if led.stamp}

    async def _settle(self) -> None:
        """Wait until no task runs.

        Raises:
            The last failure of a task.
        """
        while self._tasks.running:
            await asyncio.wait(set(self._tasks.running))
        failure, self._tasks.failure = self._tasks.failure, None
        if failure is not None:
            raise failure
