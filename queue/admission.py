"""Admission of visitors, the tend duty: sends ticks to every event, and draws lots when due."""

import asyncio
import logging
import time

from redis.exceptions import RedisError

from booking_rush.back_off import BackOff
from booking_rush.errors import Refusal
from booking_rush.lua.line.commands import AdmitNext
from booking_rush.queue.event_registry import EventRecord, EventRegistry
from booking_rush.queue.lottery.lottery_draw import LotteryDraw
from booking_rush.tasks import cancel_and_wait

log = logging.getLogger(__name__)

TICK_S = 0.1
IDLE_TICK_S = 0.5  # of an event that nobody waits for: a first visitor waits this long at most
RESTING_TICK_S = 300.0  # of a closed one, where only the bank's answers can still begin something
RESTING_LOOK_S = 1.0  # between two looks whether one of those is due
TICKS_AT_ONCE = 32  # half of the connections of a process


class Admission:
    """Ticks of every event that is ready.

    Token bucket and active count are read and written by the move alone, so any number of
    processes may run this duty and none admits too many. Each tick is a task of its own: one that
    hangs or fails delays no other event.
    """

    def __init__(
        self, registry: EventRegistry, lottery: LotteryDraw, *, idle_tick_s: float = IDLE_TICK_S
    ) -> None:
        self.registry = registry
        self._lottery = lottery
        self._idle_tick_s = idle_tick_s
        self.failures = 0  # ticks that failed, ever
        self._next_at: dict[str, float] = {}
        self._resting_at = 0.0  # when it is looked at the resting events next
        self._busy = set[str]()  # events whose last tick found somebody
        self.resting = set[str]()  # events that were closed and idle at their last tick
        self._ticked_at: dict[str, float] = {}
        self._back_offs: dict[str, BackOff] = {}
        self._ticking: dict[str, asyncio.Task[int]] = {}
        self._slots = asyncio.Semaphore(TICKS_AT_ONCE)

    async def run_once(self) -> int:
        """Send the ticks that are due, the longest due first, and wait for them for TICK_S.

        Return how many visitors were admitted or expired.
        """
        await self.registry.run_once()
        now = time.monotonic()
        self._open(now)
        due = [row for row in self._candidates(now) if self._is_due(row, now)]
        for row in sorted(due, key=lambda row: self._next_at.get(row.id, 0.0)):
            self._ticking[row.id] = asyncio.create_task(self._tick(row))
        if not self._ticking:
            return 0
        done, _ = await asyncio.wait(self._ticking.values(), timeout=TICK_S)
        self._ticking = {event: task for event, task in self._ticking.items() if task not in done}
        return sum(task.result() for task in done)

    async def close(self) -> None:
        """End the ticks that are on their way."""
        await cancel_and_wait(self._ticking.values())
        self._ticking = {}

    def longest_without_tick_s(self) -> float:
        """Return the seconds since the last tick of the event that waits longest for one.

        An event that is being recovered cannot be tended, and is not counted.
        """
        now = time.monotonic()
        return now - min(map(self._ticked_at.__getitem__, self._open(now)), default=now)

    def _candidates(self, now: float) -> list[EventRecord]:
        """Return the live events and the busy ones, and now and then all."""
        if now < self._resting_at:
            live = self.registry.live
            names = self._busy - {row.id for row in live}
            return live + ([row for row in self.registry.rows if row.id in names] if names else [])
        self._resting_at = now + RESTING_LOOK_S
        return self.registry.rows

    def _open(self, now: float) -> list[str]:
        """Return the live events with an open gate; for others the time since a tick begins."""
        is_open: list[str] = []
        for row in self.registry.live:
            if self.registry.batcher(row.id).gate.is_open:
                is_open.append(row.id)
                self._ticked_at.setdefault(row.id, now)
            else:
                self._ticked_at[row.id] = now
        return is_open

    def _is_due(self, row: EventRecord, now: float) -> bool:
        """Return whether a tick is due; of a closed event that is reopened it is due at once."""
        is_reopened = row.id in self.resting and row.state != "closed"
        is_time = is_reopened or now >= self._next_at.get(row.id, 0.0)
        return is_time and row.id not in self._ticking

    async def _tick(self, row: EventRecord) -> int:
        async with self._slots:
            self.resting.discard(row.id)
            self._next_at[row.id] = time.monotonic() + TICK_S
            try:
                batcher = self.registry.batcher(row.id)
                advanced = await batcher.do(AdmitNext())
                if advanced.draw is not None:
                    await self._lottery.advance(row.id, batcher, advanced.draw)
            except Exception as error:
                self._failed(row.id, error)
                return 0
        self._worked(row.id)
        if advanced.idle:
            self._busy.discard(row.id)
            is_resting = row.state == "closed"
            pause_s = RESTING_TICK_S if is_resting else self._idle_tick_s
            self._next_at[row.id] = time.monotonic() + pause_s
            if is_resting:
                self.resting.add(row.id)
        else:
            self._busy.add(row.id)
        return advanced.admitted + advanced.dropped

    def _worked(self, event: str) -> None:
        self._ticked_at[event] = time.monotonic()
        back_off = self._back_offs.pop(event, None)
        if back_off is not None and (failures := back_off.worked()):
            log.warning("ticks again event=%s after=%d", event, failures)

    def _failed(self, event: str, error: Exception) -> None:
        """Count and log a failure; the next tick comes at its time, as if nothing were."""
        if not self.registry.batcher(event).gate.is_open:
            return  # it is being recovered, which others log
        self.failures += 1
        if self._back_offs.setdefault(event, BackOff()).failed(time.monotonic()):
            away = isinstance(error, (Refusal, RedisError))
            log.error(
                "tick failed event=%s why=%s: %s", event, type(error).__name__, error,
                exc_info=None if away else error,
            )  # fmt: skip
