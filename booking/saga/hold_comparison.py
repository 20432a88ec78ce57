"""Comparison of bookings in Postgres with their holds in Redis, a page of them at a time.

A seat's character is the same whether its hold is held or being paid, and a standing section has
only a count. So a hold that Redis has in another state than its booking is seen here alone.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from booking_rush.booking.holds.bookings import hold_of
from booking_rush.booking.messaging import outbox
from booking_rush.booking.saga.difference import EXPIRE, Difference
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.holds.commands import Hold, ReadHolds
from booking_rush.postgres import Pool

PAGE = 500  # bookings of one comparison, beside those that are overdue or differed the last time
READ_MAX = 100  # holds of one command: Redis reads them in about 1 ms
OVERDUE_MS = 60_000  # a booking that is held so long after its deadline was not ended

HAS_PLACES = ("held", "paying", "sold")


class HoldComparison:
    """A cursor over the bookings of every event; each page is compared twice."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._after: dict[str, UUID | None] = {}
        self._page: dict[str, list[UUID]] = {}
        self._differed: dict[str, list[UUID]] = {}

    async def of(self, event: str, batcher: Batcher, sections: Sequence[str]) -> list[Difference]:
        """Compare bookings of an event with their holds. Return those that differ.

        They are the next page, those held past their deadline or being retaken, those that differed
        before, and the last to change in standing `sections` whose counts differ.
        """
        page = self._page.pop(event, None)
        if page is None:
            page = await self._next_page(event)
            self._page[event] = page
        ids = [*page, *self._differed.get(event, ()), *await self._last_changed(event, sections)]
        rows = await self._pool.fetch(BOOKINGS, event, ids, OVERDUE_MS, PAGE)
        found, now_ms = await _read(batcher, [(row["visitor"], str(row["id"])) for row in rows])
        differences = [
            difference
            for row in rows
            if (difference := compare(row, found.get(str(row["id"])), now_ms)) is not None
        ]
        self._differed[event] = [UUID(one.booking) for one in differences[:PAGE]]
        return differences

    async def _last_changed(self, event: str, sections: Sequence[str]) -> list[UUID]:
        if not sections:
            return []
        rows = await self._pool.fetch(LAST_CHANGED, event, list(sections), PAGE)
        return [row["id"] for row in rows]

    async def _next_page(self, event: str) -> list[UUID]:
        rows = await self._pool.fetch(
            """
            SELECT id FROM bookings WHERE event = $1 AND ($2::uuid IS NULL OR id < $2)
            ORDER BY id DESC LIMIT $3
            """,
            event, self._after.get(event), PAGE,
        )  # fmt: skip
        self._after[event] = rows[-1]["id"] if len(rows) == PAGE else None
        return [row["id"] for row in rows]


async def _read(batcher: Batcher, holds: Sequence[tuple[str, str]]) -> tuple[dict[str, Hold], int]:
    """Read holds by visitor and id. Return them by id, and the sale's time in ms."""
    found, now_ms = dict[str, Hold](), 0
    for at in range(0, len(holds), READ_MAX):
        read = await batcher.do(ReadHolds(list(holds[at : at + READ_MAX])))
        found |= {hold.id: hold for hold in read.holds}
        now_ms = read.now_ms
    return found, now_ms


def compare(row: asyncpg.Record, hold: Hold | None, now_ms: int) -> Difference | None:
    """Compare a booking with its hold in Redis. Return what differs, and the order for it."""
    expected = hold_of(row).state
    state = hold.state if hold is not None else "missing"
    order = _order(row, expected, state, now_ms)
    if order is None:
        return None
    attempt = hold.attempt if hold is not None else 0
    return Difference(
        row["event"], "hold", str(row["id"]), f"redis {state}", f"postgres {row['state']}",
        str(row["id"]), order, attempt,
    )  # fmt: skip


def _order(row: asyncpg.Record, expected: str, state: str, now_ms: int) -> str | None:
    """Return the order for a hold in this state, or None where nothing is wrong with it."""
    if row["state"] == "retaking":  # with no order on its way it would stay so
        return "retake"
    if row["state"] == "held" and state not in HAS_PLACES:
        return EXPIRE if row["until_ms"] < now_ms - OVERDUE_MS else None
    if expected not in HAS_PLACES:
        return "free" if state in HAS_PLACES else None
    if state == expected:
        return None
    return {"held": "reopen", "paying": "retake", "sold": "mark_sold"}[expected]


async def expire(pool: Pool, booking: UUID) -> bool:
    """Expire a booking that Postgres has as held, though its hold ended long ago and unrecorded.

    Return whether it was so still.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(
            """
            UPDATE bookings SET state = 'expired', reason = 'expired', step = step + 1,
                changed_at = now()
            WHERE id = $1 AND state = 'held' AND until_ms < sale_ms(event) - $2
            RETURNING event, attempt, step
            """,
            booking, OVERDUE_MS,
        )  # fmt: skip
        if row is None:
            return False
        await outbox.enqueue(
            connection,
            [
                outbox.order(booking, row["event"], kind, row["attempt"], row["step"])
                for kind in ("free", "tell")
            ],
        )
        return True


def standing(differences: Iterable[Difference]) -> list[str]:
    """Return the standing sections whose free places differ."""
    return [one.what for one in differences if one.kind == "free_places"]


# A booking with an order or a message on its way is about to change, so it is left out.
BOOKINGS = """
    SELECT * FROM bookings WHERE event = $1 AND id IN (
        SELECT unnest($2::uuid[])
        UNION ALL
        (SELECT id FROM bookings WHERE event = $1 AND state = 'held'
            AND until_ms < sale_ms($1) - $3 LIMIT $4)
        UNION ALL
        (SELECT id FROM bookings WHERE event = $1 AND state = 'retaking' LIMIT $4))
    AND NOT EXISTS (SELECT FROM outbox WHERE outbox.booking = bookings.id AND done_at IS NULL
        AND (NOT parked OR retry_at IS NOT NULL))
"""

# All of the event is read for it: only where places of a standing section differ.
LAST_CHANGED = """
    SELECT id FROM bookings WHERE event = $1 AND section = ANY($2)
    ORDER BY changed_at DESC LIMIT $3
"""
