"""Registry of events in one process: each event's row in Postgres and its batcher for Redis."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import RedisError

from booking_rush.errors import Refusal
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import EventState
from booking_rush.postgres import Pool

EVENT_ID = re.compile(r"[a-z0-9-]{1,64}\Z")
REFRESH_S = 1.0  # between two comparisons of epochs in Postgres and Redis
SHUT_REFRESH_S = 0.1  # the same while a gate is shut


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
        self._batchers: dict[str, Batcher] = {}
        self._notified: dict[str, tuple[EventRecord, int]] = {}
        self._refreshed_at = -REFRESH_S
        self.is_read = False  # whether the rows were read once, and the gates judged by them

    @property
    def rows(self) -> list[EventRecord]:
        """Return every known event, as it was at the last refresh."""
        return list(self._rows.values())

    def batcher(self, event: str) -> Batcher:
        """Return the event's batcher, which has its gate."""
        if event not in self._batchers:
            self._batchers[event] = Batcher(self._program, EpochGate(event))
        return self._batchers[event]

    async def row(self, event: str) -> EventRecord:
        """Return one event; Postgres is read where it is not known yet, or archived.

        Raises:
            UnknownEvent: Postgres has no event of this id.
        """
        if event in self._rows:
            return self._rows[event]
        found = await self._read(event) if EVENT_ID.match(event) else []
        if not found:
            raise UnknownEvent(f"there is no event {event!r}")
        return found[0]

    async def run_once(self) -> int:
        """Refresh if it is due. Return how many gates are open."""
        age_s = time.monotonic() - self._refreshed_at
        gates = [batcher.gate for batcher in self._batchers.values()]
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

        Raises:
            RedisError: Redis did not answer; every gate is shut.
            asyncpg.PostgresError, OSError: Postgres did not answer; the gates are as they were.
        """
        alive = {row.id for row in await self._read(None)}
        for event in self._rows.keys() - alive:
            await self._drop(event)
        gates = [self.batcher(event).gate for event in self._rows]
        try:
            run_id, epochs = await self._program.epochs(list(self._rows))
        except RedisError:
            for gate in gates:
                gate.shut()
            self._notify()
            raise
        for gate, epoch in zip(gates, epochs, strict=True):
            gate.compare(self._rows[gate.event].epoch, epoch, run_id)
        self._refreshed_at = time.monotonic()
        self.is_read = True
        self._notify()

    def _notify(self) -> None:
        """Call `on_change` with every event whose row or epoch differs from the last call's."""
        for row in self._rows.values():
            state = (row, self.batcher(row.id).gate.epoch)
            if self._notified.get(row.id) != state:
                self._notified[row.id] = state
                self._on_change(row)

    async def _read(self, event: str | None) -> list[EventRecord]:
        """Read an event, or all that are not archived. Return them; the archive is not kept."""
        rows = await self._pool.fetch(
            """
            SELECT id, state, reason, opens_at, version, epoch, archived_at IS NOT NULL AS archived
            FROM events JOIN recorded ON recorded.event = events.id
            WHERE CASE WHEN $1::text IS NULL THEN archived_at IS NULL ELSE id = $1 END
            """,
            event,
        )
        found = [EventRecord(**dict(row)) for row in rows]
        self._rows.update({row.id: row for row in found if not row.archived})
        return found

    async def _drop(self, event: str) -> None:
        """Forget an event that was archived, and shut its gate."""
        self.batcher(event).gate.shut()
        for row in await self._read(event):
            if row.archived:
                self._on_change(row)
                self._notified.pop(event, None)
                del self._rows[event]
