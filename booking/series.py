"""Series of an event's figures: recorded every ten seconds, read by the console's charts."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError

from booking_rush.errors import Refusal
from booking_rush.lua.events.commands import ReportSockets, Stats
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.timestamps import instant

EVERY_S = 10.0
POINTS_MAX = 360  # of one answer: a point each ten seconds of an hour, each four minutes of a day
MINUTES_MIN, MINUTES, MINUTES_MAX = 5, 60, 24 * 60  # of one answer; MINUTES where none is named
ACTS_MAX = 200  # marks of operators' acts in one answer
AT_ONCE = 8  # events whose figures are read from Redis at a time
PROCESS = "series"  # it reports that it has no sockets
FIGURES = (
    "waiting", "active", "late", "joined", "admitted", "held", "paying", "sold", "free",
)  # fmt: skip

log = logging.getLogger(__name__)


class SeriesWriter:
    """Writer of the series of every open event; closed events, which rest, are left out.

    Any number of processes may run it: a point has the time of a whole ten seconds, and the first
    to insert it wins.
    """

    def __init__(self, pool: Pool, registry: EventRegistry, clock: Callable[[], float] = time.time):
        self._pool = pool
        self._registry = registry
        self._clock = clock
        self._written = 0.0

    async def run_once(self) -> int:
        """Insert a point of each open event once ten seconds. Return how many events it was."""
        at = self._clock() // EVERY_S * EVERY_S
        if at == self._written:
            return 0
        self._written = at
        await self._registry.run_once()
        slots = asyncio.Semaphore(AT_ONCE)
        events = [row.id for row in self._registry.live if row.state != "closed"]
        written = await asyncio.gather(*(self._write(event, at, slots) for event in events))
        return sum(written)

    async def _write(self, event: str, at: float, slots: asyncio.Semaphore) -> bool:
        async with slots:
            try:
                stats = await self._registry.batcher(event).do(ReportSockets(PROCESS, 0))
            except (Refusal, RedisError) as error:
                log.info("no point of the series event=%s why=%s", event, error)
                return False
            await insert(self._pool, event, at, stats)
        return True


async def insert(pool: Pool, event: str, at: float, stats: Stats) -> None:
    """Insert a point, in Unix seconds; one that is there already stays."""
    await pool.execute(
        """
        INSERT INTO series (event, at, waiting, active, late, joined, admitted, held, paying, sold,
            free, lag_ms)
        VALUES ($1, to_timestamp($2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT DO NOTHING
        """,
        event, at, *(getattr(stats, name) for name in FIGURES), round(stats.outbox_age_ms),
    )  # fmt: skip


async def points(pool: Pool, event: str, minutes: int) -> list[dict[str, Any]]:
    """Return the points of the last minutes, the oldest first, at most POINTS_MAX.

    Where there are more, each answered point is the last one of an equal span.
    """
    span_s = max(EVERY_S, minutes * 60 / POINTS_MAX)
    rows = await pool.fetch(
        """
        SELECT DISTINCT ON (floor(extract(epoch FROM at) / $3)) *
        FROM series WHERE event = $1 AND at > now() - make_interval(mins => $2)
        ORDER BY floor(extract(epoch FROM at) / $3), at DESC
        """,
        event,
        minutes,
        span_s,
    )
    return [
        {
            "at": instant(row["at"]),
            **{name: row[name] for name in FIGURES},
            "outbox_age_seconds": row["lag_ms"] / 1000,
        }
        for row in rows[-POINTS_MAX:]
    ]


async def acts(pool: Pool, event: str, minutes: int) -> list[dict[str, Any]]:
    """Return the last operators' acts on an event in these minutes, the oldest first."""
    rows = await pool.fetch(
        """
        SELECT at, who, what FROM (
            SELECT id, at, who, what FROM audit
            WHERE event = $1 AND at > now() - make_interval(mins => $2)
                AND who NOT LIKE 'visitor:%'
            ORDER BY at DESC LIMIT $3) AS last
        ORDER BY at
        """,
        event,
        minutes,
        ACTS_MAX,
    )
    return [{"at": instant(row["at"]), "who": row["who"], "what": row["what"]} for row in rows]


async def funnel(pool: Pool, event: str) -> dict[str, int]:
    """Return how many holds an event had, how many of them were paid, and how many given back."""
    row = await pool.fetchrow(
        """
        SELECT count(*) AS held,
            count(*) FILTER (WHERE state IN ('confirmed', 'refunding', 'refunded')) AS paid,
            count(*) FILTER (WHERE state IN ('refunding', 'refunded')) AS refunded
        FROM bookings WHERE event = $1
        """,
        event,
    )
    assert row is not None
    return dict(row)
