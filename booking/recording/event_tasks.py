"""Tasks of led events: each records, marks, recovers, closes and backs off its event by itself."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from typing import Any, cast

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.back_off import MOST_S, BackOff
from booking_rush.booking.catalogue.draws import last_turns
from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import GIVEN_BEFORE, Act
from booking_rush.booking.recording.batch import Entry, StreamEntry, read
from booking_rush.booking.recording.closing import end_places, seconds_to_undo, tell_removed
from booking_rush.booking.recording.commits import Commits, CursorMovedError
from booking_rush.booking.recording.leases import EventLeases, LedEvent
from booking_rush.booking.recording.recovery import Recovery
from booking_rush.errors import Recovering, Refusal
from booking_rush.lua.client.program import Program
from booking_rush.lua.keys import key
from booking_rush.lua.recovery.commands import MarkRecorded
from booking_rush.postgres import UNAVAILABLE, Pool

log = logging.getLogger(__name__)

ENTRIES_MAX = 500  # of one event in one reply; an entry has the changes of a batch of commands
CHANGES_MAX = 2000  # in one transaction, or one entry
RECOVERIES_AT_ONCE = 2
AWAY_S = 1.0  # the longest pause of an event whose store is away, which is no event's own trouble


class EventTasks:
    """The tasks of one recorder's events. `led` has the events, by id."""

    def __init__(
        self,
        pool: Pool,
        redis: Redis,
        program: Program,
        commits: Commits,
        leases: EventLeases,
    ) -> None:
        self.led: dict[str, LedEvent] = {}
        self.running: set[asyncio.Task[None]] = set()
        self.recorded = 0  # changes, ever
        self.gaps = 0  # events whose outbox was trimmed beyond what Postgres has, ever
        self.recovered = 0  # events, ever
        self.ended = 0  # closed events whose places have ended, ever
        self.failure: BaseException | None = None  # the last one
        self.recovery = Recovery(pool, program, leases.holder, self.drain)
        self._pool = pool
        self._redis = redis
        self._program = program
        self._commits = commits
        self._leases = leases
        self._recoveries = 0

    def begin(self) -> None:
        """Begin what is due: marks that are not confirmed, ends of places, and recoveries.

        Few events are recovered at a time, and those first in which somebody can do something.
        """
        now = time.monotonic()
        for led in self.led.values():
            is_free = led.closing is None and led.closing_back_off.allows(now)
            if led.is_closing and is_free and now >= led.closing_from:
                led.closing = self._start(led, self._end_places(led), led.closing_back_off)
            if led.stamp and led.unmarked is not None and led.is_free(now):
                led.task = self._start(led, self._mark(led), led.back_off)
        waiting = [one for one in self.led.values() if one.needs_recovery and one.is_free(now)]
        for led in sorted(waiting, key=lambda one: one.rank):
            if self._recoveries >= RECOVERIES_AT_ONCE:
                return
            self._recoveries += 1
            led.task = self._start(led, self._recover(led), led.back_off)

    def record(self, led: LedEvent, entries: Sequence[Entry]) -> asyncio.Task[None]:
        """Begin to record entries. Return the task, which never fails."""
        led.task = self._start(led, self._record(led, entries), led.back_off)
        return led.task

    def failed(self, led: LedEvent, back_off: BackOff, error: Exception) -> None:
        """Count and log a failure, and leave the event alone for a while."""
        self.failure = error
        away = isinstance(error, (*UNAVAILABLE, RedisError, Refusal))
        is_shared = away and not isinstance(error, asyncpg.LockNotAvailableError)
        if back_off.failed(time.monotonic(), AWAY_S if is_shared else MOST_S):
            log.error(
                "failed event=%s times=%d why=%s: %s",
                led.event, back_off.failures, type(error).__name__, error,
                exc_info=None if away else error,
            )  # fmt: skip

    async def drain(self, event: str, epoch: int) -> None:
        """Record the entries that are left in the outbox of a closed epoch."""
        while True:
            cursor = await self._pool.fetchval(
                "SELECT last FROM recorded WHERE event = $1 AND epoch = $2", event, epoch
            )
            if cursor is None:
                return
            outbox = key(event, epoch, "outbox")
            reading = self._redis.xrange(outbox, min=f"({cursor}", count=ENTRIES_MAX)
            entries = first_of(read(cast("list[StreamEntry]", await reading)))
            if not entries:
                return
            try:
                await self._commits.record(event, epoch, cursor, entries)
            except CursorMovedError:
                continue
            self.recorded += _changes(entries)

    def _start(
        self, led: LedEvent, work: Coroutine[Any, Any, None], back_off: BackOff
    ) -> asyncio.Task[None]:
        led.busy_at = time.monotonic()
        task = asyncio.create_task(self._run(led, work, back_off))
        self.running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def _run(self, led: LedEvent, work: Coroutine[Any, Any, None], back_off: BackOff) -> None:
        """Do it, and count how it ended."""
        try:
            await work
        except Exception as error:
            self.failed(led, back_off, error)
        else:
            if failures := back_off.worked():
                log.warning("works again event=%s after=%d", led.event, failures)
        finally:
            if back_off is led.back_off:
                led.task = None
            else:
                led.closing = None

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.failure = error

    async def _record(self, led: LedEvent, entries: Sequence[Entry]) -> None:
        try:
            done = await self._commits.record(led.event, led.epoch, led.cursor, entries, led.stamp)
        except (CursorMovedError, Recovering) as why:
            log.info("read anew event=%s epoch=%d why=%r", led.event, led.epoch, why)
            led.doubt()
            return
        self.recorded += _changes(entries)
        led.is_closing = led.is_closing or done.is_closed
        led.committed(done.cursor, done.numbers, done.head)
        await self._mark(led)

    async def _mark(self, led: LedEvent) -> None:
        """Publish in Redis how far Postgres is. It is repeated until Redis has confirmed it."""
        assert led.unmarked is not None, led.event
        if led.is_new:
            await self._check_outbox(led)
            head = await journal.head(self._pool, led.event)
            led.committed(led.cursor, await last_turns(self._pool, led.event), head)
        mark = MarkRecorded(led.cursor, led.unmarked, led.head[:2])
        try:
            await self._program.ask(led.event, led.stamp, mark)
        except Recovering:
            led.doubt()
            return
        led.is_new, led.unmarked = False, None

    async def _recover(self, led: LedEvent) -> None:
        try:
            stamp = await self.recovery.recover(
                led.event, led.epoch, led.is_ours, by_hand=led.is_reopened
            )
            row = (await self._leases.read([led.event])).get(led.event) if stamp else None
        finally:
            self._recoveries -= 1
        led.needs_recovery = False
        if row is None or not stamp.startswith(f"{row.epoch}:"):
            led.doubt()
        else:
            self.recovered += 1
            led.adopt(row, stamp)
            await self._mark(led)
        asyncio.get_running_loop().call_soon(self.begin)  # the next one

    async def _end_places(self, led: LedEvent) -> None:
        await tell_removed(self._pool, led.event, led.is_ours)
        to_undo_s = await seconds_to_undo(self._pool, led.event)
        if to_undo_s > 0:
            led.closing_from = time.monotonic() + to_undo_s
        elif await end_places(self._pool, led.event, led.is_ours):
            led.is_closing = False
            self.ended += 1

    async def _check_outbox(self, led: LedEvent) -> None:
        """Say so when entries are lost: trimmed, and not in a Postgres that was put back.

        What Redis has is right, and every later entry has its whole place or hold: so the event is
        recorded on, behind the gap.
        """
        outbox = key(led.event, led.epoch, "outbox")
        first = cast("list[StreamEntry]", await self._redis.xrange(outbox, count=1))
        marked = await self._redis.get(key(led.event, led.epoch, "recorded"))
        if not first or not marked:
            return
        begins, reached = _id_of(first[0][0]), _id_of(cast("bytes", marked))
        if _id_of(led.cursor.encode()) < min(begins, reached):
            self.gaps += 1
            async with self._pool.acquire() as connection, connection.transaction():
                await journal.append(connection, led.event, [Act("state", why=GIVEN_BEFORE)])
            log.error(
                "entries lost event=%s epoch=%d postgres=%s outbox=%s: restored from a backup?",
                led.event, led.epoch, led.cursor, first[0][0].decode(),
            )  # fmt: skip


def first_of(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the first entries, with CHANGES_MAX changes at most, but one entry at least."""
    count = 0
    for at, entry in enumerate(entries):
        count += len(entry.changes)
        if at and count > CHANGES_MAX:
            return entries[:at]
    return entries


def _changes(entries: Sequence[Entry]) -> int:
    return sum(len(entry.changes) for entry in entries)


def _id_of(entry: bytes) -> tuple[int, int]:
    """Return an entry's id, so that ids compare as they were written."""
    milliseconds, _, sequence = entry.partition(b"-")
    return int(milliseconds), int(sequence)
