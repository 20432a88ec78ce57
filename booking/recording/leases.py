"""Leases on events, and the events that are led by them: who records which one, and how far.

Leases save work, and no promise rests on them. No statement here waits for a locked row: an event
whose row is locked is passed over, so that it costs no other event its lease.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from booking_rush.back_off import BackOff
from booking_rush.booking.history.entries import Head
from booking_rush.lease import LEASE_S
from booking_rush.lua.commands import EventState
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import IS_REOPENED


class LeaseRow(NamedTuple):
    """An event whose lease we have; `last` is the last entry of this epoch that is recorded."""

    event: str
    epoch: int
    last: str
    state: EventState
    closing: bool  # closed, and some of its places may not have ended in Postgres
    is_reopened: bool = False  # a closing was undone, and its places are not loaded yet


# The order in which events are recovered: those first in which somebody can do something now.
RANKS: dict[EventState, int] = {
    "open": 0, "paused": 1, "draining": 2, "drawing": 3, "scheduled": 4, "closed": 5,
}  # fmt: skip


# A closed event rests when nothing was recorded of it for a while: it is looked after less often.
RESTS_AFTER_S = 10.0
RESTING_LEASE_S, RESTING_RENEW_S = 30.0, 5.0  # seconds of its lease, and between two renewals
RESTING_LOOK_S = 5.0  # between two looks at its epoch
RESTING_READ_S = 1.0  # between two looks at its outbox


@dataclass(slots=True, eq=False)
class LedEvent:
    """One led event. At most one task works on it at a time, beside the one that closes it."""

    event: str
    epoch: int
    cursor: str  # id of the last outbox entry that is recorded
    state: EventState
    is_closing: bool  # closed, and some of its places may not have ended in Postgres
    stamp: str = ""  # `epoch:run id` of the Redis that has it open; "": nobody has looked yet
    is_lost: bool = False  # another process has the lease
    is_rebuilt: bool = False  # by an operator, just now
    needs_recovery: bool = False
    is_reopened: bool = False  # by an undo: Redis has none of its places
    is_new: bool = False  # just adopted: what Redis has marked may be older, or newer
    unmarked: dict[str, int] | None = None  # what the next mark says by lane; None: it is confirmed
    head: Head = field(default_factory=Head)  # of the journal, as the next mark says it
    busy_at: float = 0.0  # when something was done for it last, by the monotonic clock
    task: asyncio.Task[None] | None = None
    closing: asyncio.Task[None] | None = None
    back_off: BackOff = field(default_factory=BackOff)
    closing_back_off: BackOff = field(default_factory=BackOff)
    closing_from: float = 0.0  # when its places may end, by the monotonic clock

    @classmethod
    def of(cls, row: LeaseRow) -> "LedEvent":
        """Return the event of a lease, of which nobody has looked into Redis yet."""
        return cls(row.event, row.epoch, row.last, row.state, row.closing)

    @property
    def rank(self) -> int:
        """Return how long its recovery may wait behind those of others."""
        return RANKS[self.state]

    def is_free(self, now: float) -> bool:
        """Return whether a task may begin to work on it."""
        return self.task is None and not self.is_rebuilt and self.back_off.allows(now)

    def rests(self, now: float) -> bool:
        """Return whether it is closed, and nothing was done for it for a while."""
        is_ending = self.is_closing and now >= self.closing_from
        is_done = self.state == "closed" and not is_ending and not self.needs_recovery
        return is_done and bool(self.stamp) and now - self.busy_at >= RESTS_AFTER_S

    def is_ours(self) -> bool:
        """Return whether the lease is not known to be lost."""
        return not self.is_lost

    def is_readable(self, now: float) -> bool:
        """Return whether its outbox may be read: open, marked, and nothing is on its way."""
        return bool(self.stamp) and self.unmarked is None and self.is_free(now)

    def adopt(self, row: LeaseRow, stamp: str) -> None:
        """Record on from where Postgres is, in the epoch that is open in Redis."""
        self.epoch, self.cursor, self.stamp = row.epoch, row.last, stamp
        self.needs_recovery, self.is_reopened = False, row.is_reopened
        self.is_new, self.unmarked = True, {}

    def doubt(self) -> None:
        """Have both stores asked again: another process is further, or the epoch has ended."""
        self.stamp, self.unmarked = "", None

    def committed(self, cursor: str, numbers: dict[str, int], head: Head) -> None:
        """Entries up to the cursor are in Postgres, which Redis has to be told."""
        known = self.unmarked or {}
        self.cursor, self.head = cursor, max(head, self.head)
        self.unmarked = known | {n: max(at, known.get(n, 0)) for n, at in numbers.items()}


class RestingEvents:
    """The led events that rest, and when each work was last done for them."""

    def __init__(self) -> None:
        self.events: frozenset[str] = frozenset()
        self._done_at: dict[str, float] = {}

    def look(self, led: Collection[LedEvent], now: float) -> None:
        """Find out which of these events rest."""
        self.events = frozenset(one.event for one in led if one.rests(now))

    def skipped(self, work: str, every_s: float, now: float) -> frozenset[str]:
        """Return the events that this work leaves out: none, once in `every_s`."""
        if now - self._done_at.get(work, -every_s) < every_s:
            return self.events
        self._done_at[work] = now
        return frozenset()


class EventLeases:
    """The leases of one recorder."""

    def __init__(self, pool: Pool, holder: str) -> None:
        self.holder = holder
        self._pool = pool

    async def renew(self, resting: Collection[str] = ()) -> list[LeaseRow]:
        """Take leases that are free or over, and renew ours. Return those that were.

        Of these `resting` events few are renewed at a time. One whose row is locked just now is
        missing, and is ours all the same: ask `lost`.
        """
        ahead_s = RESTING_LEASE_S - LEASE_S
        rows = await self._pool.fetch(
            RENEW, self.holder, LEASE_S, list(resting), ahead_s, ahead_s - RESTING_RENEW_S
        )
        return [LeaseRow(*row) for row in rows]

    async def lost(self, events: Collection[str]) -> set[str]:
        """Return those of these events that another process leads, or that are archived."""
        if not events:
            return set()
        rows = await self._pool.fetch(
            """
            SELECT event FROM recorded JOIN events ON events.id = event
            WHERE event = ANY($1) AND (holder <> $2 OR archived_at IS NOT NULL)
            """,
            list(events), self.holder,
        )  # fmt: skip
        return {row["event"] for row in rows}

    async def read(self, events: Collection[str]) -> dict[str, LeaseRow]:
        """Return the rows of those of these events whose lease is ours."""
        rows = await self._pool.fetch(READ, list(events), self.holder)
        return {row["event"]: LeaseRow(*row) for row in rows}

    async def mark_seen(self, events: Collection[str]) -> None:
        """Save that the epochs of these events were found in Redis: no outage is longer."""
        if events:
            await self._pool.execute(SEEN, list(events), self.holder)

    async def seize(self, event: str) -> int | None:
        """Take the lease from whoever has it, for an operator. Return the epoch, None: no event."""
        epoch: int | None = await self._pool.fetchval(
            "UPDATE recorded SET holder = $2, held_at = now() WHERE event = $1 RETURNING epoch",
            event, self.holder,
        )  # fmt: skip
        return epoch

    async def keep(self, event: str) -> bool:
        """Renew one lease. Return whether it is still ours."""
        await self._pool.execute(KEEP, event, self.holder)
        return not await self.lost([event])

    async def release(self, event: str | None = None) -> None:
        """Release one lease, or all, so that another process can begin at once."""
        await self._pool.execute(RELEASE, self.holder, event)


# The lease of a resting event is held from a moment in the future, so that it lasts longer for all.
# A lease that a crash of Postgres forgets is only taken again. So nobody waits for the disk, and no
# commit of entries for our lock.
QUICKLY = "quickly AS (SELECT set_config('synchronous_commit', 'off', true))"

RENEW = f"""
    WITH {QUICKLY}, mine AS (
        SELECT event FROM recorded
        WHERE event IN (SELECT id FROM events WHERE archived_at IS NULL) AND CASE
            WHEN event = ANY($3) AND holder = $1 THEN held_at < now() + make_interval(secs => $5)
            ELSE holder IN ($1, '') OR held_at < now() - make_interval(secs => $2)
        END
        FOR UPDATE SKIP LOCKED
    )
    UPDATE recorded SET holder = $1, held_at = clock_timestamp()
        + make_interval(secs => CASE WHEN recorded.event = ANY($3) THEN $4 ELSE 0 END)
    FROM quickly, mine JOIN events ON events.id = mine.event
    WHERE recorded.event = mine.event
    RETURNING recorded.event, recorded.epoch, last, events.state, closing, {IS_REOPENED}
"""  # noqa: S608  QUICKLY is of this file

READ = f"""
    SELECT event, epoch, last, state, closing, {IS_REOPENED}
    FROM recorded JOIN events ON events.id = event
    WHERE event = ANY($1) AND holder = $2
"""  # noqa: S608  of event_registry.py

SEEN = f"""
    WITH {QUICKLY}, old AS (
        SELECT event FROM recorded
        WHERE event = ANY($1) AND holder = $2 AND seen_at < now() - interval '1 s'
        FOR UPDATE SKIP LOCKED
    )
    UPDATE recorded SET seen_at = now() FROM quickly, old WHERE recorded.event = old.event
"""  # noqa: S608  QUICKLY is of this file

KEEP = f"""
    WITH {QUICKLY}, mine AS (
        SELECT event FROM recorded WHERE event = $1 AND holder = $2 FOR UPDATE SKIP LOCKED
    )
    UPDATE recorded SET held_at = clock_timestamp()
    FROM quickly, mine WHERE recorded.event = mine.event
"""  # noqa: S608  QUICKLY is of this file

RELEASE = """
    WITH mine AS (
        SELECT event FROM recorded WHERE holder = $1 AND ($2::text IS NULL OR event = $2)
        FOR UPDATE SKIP LOCKED
    )
    UPDATE recorded SET holder = '' FROM mine WHERE recorded.event = mine.event
"""
