"""Admission of visitors, the tend duty: sends one tick after another to every event."""

import asyncio
import time

from booking_rush.errors import Refusal
from booking_rush.lua.client.program import MoveFailedError
from booking_rush.lua.line.commands import AdmitNext
from booking_rush.queue.event_registry import EventRecord, EventRegistry

TICK_S = 0.1
IDLE_TICK_S = 0.5  # of an event that nobody waits for: a first visitor waits this long at most


class Admission:
    """Ticks of every event that is ready.

    Token bucket and active count are read and written by the move alone, so any number of
    processes may run this duty and none admits too many.
    """

    def __init__(self, registry: EventRegistry) -> None:
        self.registry = registry
        self._next_at: dict[str, float] = {}

    async def run_once(self) -> int:
        """Tick every event that is due. Return how many visitors were admitted or expired.

        Raises:
            MoveFailedError: a move raised an error, a mistake of ours.
        """
        await self.registry.run_once()
        now = time.monotonic()
        due = [row for row in self.registry.rows if now >= self._next_at.get(row.id, 0)]
        outcomes = await asyncio.gather(*(self._tick(row) for row in due), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, MoveFailedError):
                raise outcome
        return sum(outcome for outcome in outcomes if isinstance(outcome, int))

    async def _tick(self, row: EventRecord) -> int:
        self._next_at[row.id] = time.monotonic() + TICK_S
        try:
            advanced = await self.registry.batcher(row.id).do(AdmitNext())
        except Refusal:
            return 0
        if advanced.idle:
            self._next_at[row.id] = time.monotonic() + IDLE_TICK_S
        return advanced.admitted + advanced.dropped
