"""What this process knows of every event: its row in Postgres, and its gate to Redis."""

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
from booking_rush.lua.commands import RoomState
from booking_rush.postgres import Pool

EVENT_ID = re.compile(r"[a-z0-9-]{1,64}\Z")
REFRESH_S = 1.0  # how often Postgres' count of epochs is compared; at once while a gate is shut
SHUT_REFRESH_S = 0.1


class UnknownEvent(Refusal):
    """There is no such event."""

    code, status = "unknown_event", 404


@dataclass(frozen=True, slots=True)
class EventRecord:
    """What every process keeps at hand of an event."""

    id: str
    state: RoomState
    reason: str | None
    opens_at: datetime | None
    version: int
    epoch: int


class EventRegistry:
    """Events by id, each with one batcher in this process."""

    def __init__(
        self,
        pool: Pool,
        program: Program,
        on_change: Callable[[EventRecord], None] = lambda row: None,
    ) -> None:
        """`on_change` hears of each event whose row or gate is another than before, before
        anything else can use the gate.
        """
        self._pool = pool
        self._program = program
        self._on_change = on_change
        self._rows: dict[str, EventRecord] = {}
        self._batchers: dict[str, Batcher] = {}
        self._told: dict[str, tuple[EventRecord, int]] = {}
        self._refreshed_at = -REFRESH_S
        self.is_read = False  # whether the rows were read once, and the gates judged by them

    @property
    def rows(self) -> list[EventRecord]:
        """Every event that is known, as it was at the last refresh."""
        return list(self._rows.values())

    def batcher(self, event: str) -> Batcher:
        """The event's batcher, with its gate."""
        if event not in self._batchers:
            self._batchers[event] = Batcher(self._program, EpochGate(event))
        return self._batchers[event]

    async def row(self, event: str) -> EventRecord:
        """One event; a new one is read at once.

        Raises:
            UnknownEvent: Postgres has none of this id.
        """
        if event not in self._rows and EVENT_ID.match(event):
            await self._read(event)
        if event not in self._rows:
            raise UnknownEvent(f"there is no event {event!r}")
        return self._rows[event]

    async def run_once(self) -> int:
        """Compare the epochs when it is time to; how many gates are open."""
        age_s = time.monotonic() - self._refreshed_at
        gates = [batcher.gate for batcher in self._batchers.values()]
        if age_s >= REFRESH_S or (age_s >= SHUT_REFRESH_S and not all(g.is_open for g in gates)):
            await self.refresh()
        self._tell()
        return sum(gate.is_open for gate in gates)

    async def ready(self, event: str, *, seconds: float) -> bool:
        """Wait a while for an event to be loaded; whether it is."""
        until = time.monotonic() + seconds
        while not self.batcher(event).gate.is_open and time.monotonic() < until:
            await self.refresh()
            await asyncio.sleep(0.02)
        return self.batcher(event).gate.is_open

    async def refresh(self) -> None:
        """Read every row, and judge every gate by it.

        Raises:
            RedisError: Redis did not answer; every gate is shut.
            asyncpg.PostgresError, OSError: Postgres did not; the gates are as they were.
        """
        await self._read(None)
        gates = [self.batcher(event).gate for event in self._rows]
        try:
            run_id, found = await self._program.found(list(self._rows))
        except RedisError:
            for gate in gates:
                gate.shut()
            self._tell()
            raise
        for gate, epoch in zip(gates, found, strict=True):
            gate.judge(self._rows[gate.event].epoch, epoch, run_id)
        self._refreshed_at = time.monotonic()
        self.is_read = True
        self._tell()

    def _tell(self) -> None:
        for row in self._rows.values():
            known = (row, self.batcher(row.id).gate.epoch)
            if self._told.get(row.id) != known:
                self._told[row.id] = known
                self._on_change(row)

    async def _read(self, event: str | None) -> None:
        rows = await self._pool.fetch(
            """
            SELECT id, state, reason, opens_at, version, epoch
            FROM events JOIN recorded ON recorded.event = events.id
            WHERE $1::text IS NULL OR id = $1
            """,
            event,
        )
        self._rows.update({row["id"]: EventRecord(**dict(row)) for row in rows})
