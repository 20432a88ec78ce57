"""Exports of duties: what each knows of its own work, as metrics."""

import asyncio
import logging
import time
from collections import Counter as Counts
from collections.abc import Callable, Mapping, Sequence

from prometheus_client import Counter
from redis.asyncio import Redis

from booking_rush.booking.holds.bookings import sales
from booking_rush.booking.holds.states import IN_REVENUE, STATES
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.circuit_breaker import BreakerState
from booking_rush.lua.client.connection import memory_share
from booking_rush.postgres import Pool
from booking_rush.server.runtime.loops import forever
from booking_rush.server.runtime.metrics import (
    BOOKINGS,
    GAPS,
    RECORD_FAILING,
    REDIS_MEMORY,
    REJECTED,
    REVENUE,
    end_series,
    export_breakers,
    resume_series,
)

log = logging.getLogger(__name__)

COUNTING = 0.01  # of the time, at most, bookings are counted for exports
MEMORY_ALARM = 0.8  # of maxmemory: beyond it Redis refuses to write


def exports_of(recorder: Recorder) -> list[Callable[[], None]]:
    """Return what exports the figures of a recorder."""
    return [
        growth_of(REJECTED, lambda: recorder.rejected),
        growth_of(GAPS, lambda: recorder.gaps),
        lambda: RECORD_FAILING.set(len(recorder.failing())),
    ]


class SalesExport:
    """Export of what each event has sold: bookings by state, and their sums by currency.

    All bookings are counted, so the pause grows with them: counting takes COUNTING of the time.
    """

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._shown = set[tuple[str, str]]()  # event and currency
        self._counts_at = 0.0

    async def run_once(self) -> None:
        """Export the sales if it is due."""
        began = self._clock()
        if began >= self._counts_at:
            await self.export()
            self._counts_at = began + (self._clock() - began) / COUNTING

    async def export(self) -> None:
        """Export the sales of every event; the series of one that is archived now end."""
        found = await sales(self._pool)
        pairs = {(one.event, one.currency) for one in found}
        for event in {event for event, _ in self._shown - pairs}:
            end_series(event)
        self._shown = pairs
        counts, sums = Counts[tuple[str, str]](), Counts[tuple[str, str, str]]()
        for one in found:
            counts[one.event, one.state] += one.bookings
            sums[one.event, one.currency, one.state] += one.amount
        for event, currency in pairs:
            resume_series(event)
            for state in STATES:
                BOOKINGS.labels(event, state).set(counts[event, state])
            for state in IN_REVENUE:
                REVENUE.labels(event, currency, state).set(sums[event, currency, state])


async def export_recordings(redis: Redis, exports: Sequence[Callable[[], None]]) -> None:
    """Export a recorder's figures, and how full the memory is that its outboxes take."""
    for export in exports:
        export()
    share = await memory_share(redis)
    REDIS_MEMORY.set(share)
    if share >= MEMORY_ALARM:
        log.error("redis fills up used=%.0f%% of maxmemory", 100 * share)


def growth_of(counter: Counter, total: Callable[[], int]) -> Callable[[], None]:
    """Return a function that adds to a counter by how much a total has grown since."""
    before = 0

    def export() -> None:
        nonlocal before
        found = total()
        counter.inc(found - before)
        before = found

    return export


def export_breakers_forever(states: Callable[[], Mapping[str, BreakerState]]) -> asyncio.Task[None]:
    """Start a task that exports the states of breakers each second.

    It is a loop of its own that asks no store, so it goes on while stores are unavailable.
    """

    async def export() -> None:
        export_breakers(states())

    return asyncio.create_task(forever("breakers", export, idle_s=1.0))
