"""The tend duty: one beat after another for every event, whoever else beats too."""

import asyncio
import time

from booking_rush.errors import Refusal
from booking_rush.lua.client.program import MoveFailedError
from booking_rush.lua.line.commands import AdmitNext
from booking_rush.queue.event_registry import EventRecord, EventRegistry

BEAT_S = 0.1
IDLE_BEAT_S = 0.5  # where nobody is, a first visitor may wait this long


class Admission:
    """Beats for every event that is ready. Bucket and active count live in the move, so any
    number of processes may do this and none admits too many.
    """

    def __init__(self, registry: EventRegistry) -> None:
        self.registry = registry
        self._next_at: dict[str, float] = {}

    async def run_once(self) -> int:
        """One beat where it is due; how many came in or lapsed.

        Raises:
            MoveFailedError: a beat broke, a mistake of ours.
        """
        await self.registry.run_once()
        now = time.monotonic()
        due = [row for row in self.registry.rows if now >= self._next_at.get(row.id, 0)]
        done = await asyncio.gather(*(self._beat(row) for row in due), return_exceptions=True)
        for outcome in done:
            if isinstance(outcome, MoveFailedError):
                raise outcome
        return sum(outcome for outcome in done if isinstance(outcome, int))

    async def _beat(self, row: EventRecord) -> int:
        self._next_at[row.id] = time.monotonic() + BEAT_S
        try:
            done = await self.registry.batcher(row.id).do(AdmitNext())
        except Refusal:
            return 0
        if done.idle:
            self._next_at[row.id] = time.monotonic() + IDLE_BEAT_S
        return done.admitted + done.dropped
