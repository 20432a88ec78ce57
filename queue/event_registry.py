"""Registry of events in one process: each event's row in Postgres and its batcher for Redis."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import RedisError

from booking_rush.coalescing import Coalescer
from booking_rush.errors import Busy, Refusal
from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import EventState
from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.queue.archived_event import EventBatcher

CALLS_MAX = 10_000  # that may wait for one refresh
EVENT_ID = re.compile(r"[a-z0-9-]{1,64}\Z")
REFRESH_S = 1.0  # between two comparisons of epochs in Postgres and Redis
SHUT_REFRESH_S = 0.1  # the same while a gate is shut
FIRST_EPOCH = 1
FIRST_LOAD_S = 3.0  # how long a new event may take to be loaded into Redis


class UnknownEvent(Refusal):
    """There is no such event."""

    code, status = "unknown_event", 404


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Event as its rows in Postgres are; `epoch` is the one that Postgres counts.

    `archived`: it has ended, and Redis has nothing of it.
    """

    id: str
    state: EventState
    reason: str | None
    opens_at: datetime | None
    version: int
    epoch: int
    archived: bool = False


class EventRegistry:
    """Registry of events by id, with one batcher an event."""

    def __init__(
        self,
        pool: Pool,
        program: Program,
        on_change: Callable[[EventRecord], None] = lambda row: None,
    ) -> None:
        """Begin without events.

        `on_change` is called with each event whose row or gate has changed, before any other
        code can use the gate.
        """
        self._pool = pool
        self._program = program
        self._on_change = on_change
        self._rows: dict[str, EventRecord] = {}
        self._batchers: dict[str, EventBatcher] = {}
        self._notified: dict[str, tuple[EventRecord, int]] = {}
        self._opened = set[str]()  # events whose gate was open here at some time
        self._refreshes = Coalescer[None, None](self._refresh_for, most=CALLS_MAX)
        self._refreshed_at = -REFRESH_S
        self.is_read = False  # whether the rows were read once, and the gates judged by them

    @property
    def rows(self) -> list[EventRecord]:
        """Return every known event, as it was at the last refresh."""
        return list(self._rows.values())

    def batcher(self, event: str) -> EventBatcher:
        """Return the event's batcher, which has its gate."""
        if event not in self._batchers:
            self._batchers[event] = EventBatcher(self._program, EpochGate(event))
        return self._batchers[event]

    def is_recovering(self, event: str) -> bool:
        """Return whether Redis is loaded again. A new event is loaded, an archived one never."""
        row = self._rows.get(event)
        return row is not None and not self.batcher(event).gate.is_open and not self._is_new(row)

    async def row(self, event: str) -> EventRecord:
        """Return one event; Postgres is read where it is not known yet, or archived.

        Its gate is judged before anybody gets the row.

        Raises:
            UnknownEvent: Postgres has no event of this id.
        """
        if event in self._rows:
            return self._rows[event]
        found = await self._read(event) if EVENT_ID.match(event) else []
        if not found:
            raise UnknownEvent(f"there is no event {event!r}")
        if found[0].archived:
            self.batcher(event).is_archived = True
        else:
            with suppress(RedisError):
                await self.refresh()
        return self._rows.get(event, found[0])

    async def loaded(self, event: str) -> EventRecord:
        """Return one event; where it is new, once it is loaded.

        Raises:
            UnknownEvent: Postgres has no event of this id.
            Busy: it is not loaded yet.
        """
        row = await self.row(event)
        if self._is_new(row):
            with suppress(RedisError, *UNAVAILABLE):  # said by whatever is asked of Redis next
                await self.ready(event, seconds=FIRST_LOAD_S)
                row = await self.row(event)
                if self._is_new(row):
                    raise Busy(f"{event} is new, and is not loaded yet")
        return row

    async def run_once(self) -> int:
        """Refresh if it is due. Return how many gates are open."""
        age_s = time.monotonic() - self._refreshed_at
        gates = [self.batcher(event).gate for event in self._rows]
        if age_s >= REFRESH_S or (age_s >= SHUT_REFRESH_S and not all(g.is_open for g in gates)):
            await self.refresh()
        self._notify()
        return sum(gate.is_open for gate in gates)

    async def ready(self, event: str, *, seconds: float) -> bool:
        """Wait up to `seconds` for an event's gate to open. Return whether it is open."""
        until = time.monotonic() + seconds
        while not self.batcher(event).gate.is_open and time.monotonic() < until:
            await self.refresh()
            await asyncio.sleep(0.02)
        return self.batcher(event).gate.is_open

    async def refresh(self) -> None:
        """Read every event from Postgres and its epoch from Redis, and open or shut its gate.

        One refresh runs at a time, so that an older answer never replaces a newer one.

        Raises:
            RedisError: Redis did not answer; every gate is shut.
            asyncpg.PostgresError, OSError: Postgres did not answer; the gates are as they were.
        """
        await self._refreshes.do(None)

    async def _refresh_for(self, calls: Sequence[None]) -> list[None]:
        """Refresh once for all these calls."""
        rows = {row.id: row for row in await self._read(None)}
        for event in self._rows.keys() - rows.keys():
            await self._drop(event)
        for event in rows:
            self.batcher(event).is_archived = False
        try:
            run_id, epochs = await self._program.epochs(list(rows))
        except RedisError:
            self._rows.update(rows)
            for event in self._rows:
                self.batcher(event).gate.shut()
            self._notify()
            raise
        self._rows.update(rows)
        for row, epoch in zip(rows.values(), epochs, strict=True):
            gate = self.batcher(row.id).gate
            gate.compare(row.epoch, epoch, run_id)
            if gate.is_open:
                self._opened.add(row.id)
        self._refreshed_at = time.monotonic()
        self.is_read = True
        self._notify()
        return [None] * len(calls)

    def _is_new(self, row: EventRecord) -> bool:
        """Return whether an event was, as far as this process knows, never loaded into Redis."""
        never_open = row.id not in self._opened and not row.archived
        return never_open and row.epoch <= FIRST_EPOCH

    def _notify(self) -> None:
        """Call `on_change` with every event whose row or epoch differs from the last call's."""
        for row in self._rows.values():
            state = (row, self.batcher(row.id).gate.epoch)
            if self._notified.get(row.id) != state:
                self._notified[row.id] = state
                self._on_change(row)

    async def _read(self, event: str | None) -> list[EventRecord]:
        """Read and return an event, or all that are not archived."""
        rows = await self._pool.fetch(
            """
            SELECT id, state, reason, opens_at, version, epoch, archived_at IS NOT NULL AS archived
            FROM events JOIN recorded ON recorded.event = events.id
            WHERE CASE WHEN $1::text IS NULL THEN archived_at IS NULL ELSE id = $1 END
            """,
            event,
        )
        return [EventRecord(**dict(row)) for row in rows]

    async def _drop(self, event: str) -> None:
        """Forget an event that was archived, and shut its gate."""
        for row in await self._read(event):
            if row.archived:
                self.batcher(event).gate.shut()
                self.batcher(event).is_archived = True
                del self._rows[event]
                self._notified.pop(event, None)
                self._on_change(row)
