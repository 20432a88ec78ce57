"""Agreement of Redis, Postgres, journal and bank once nothing moves: seat by seat, cent by cent."""

from collections import Counter
from typing import Any, cast

from redis.asyncio import Redis

from booking_rush.booking.history.draw_check import numbers_of
from booking_rush.booking.history.entries import digest_of
from booking_rush.booking.history.journal import READ_HEAD, READ_PAGE, entry_of
from booking_rush.booking.history.verification import NotFollowingError, Verification
from booking_rush.lua.keys import key
from booking_rush.postgres import Pool

ALL = 1_000_000  # entries of a journal, and more
LIVING = """
    SELECT visitor, lane, number FROM places WHERE event = $1 AND state <> 'ended'
    UNION ALL SELECT visitor, lane, 0 FROM deferred_joins WHERE event = $1 AND NOT is_removed
"""
TERMINAL = ("confirmed", "expired", "released", "refunded")


async def is_quiet(pool: Pool) -> bool:
    """Return whether every booking, message, webhook and charge is finished, as of one moment."""
    unfinished: int = await pool.fetchval(
        """
        SELECT (SELECT count(*) FROM bookings WHERE state <> ALL($1))
            + (SELECT count(*) FROM outbox WHERE done_at IS NULL)
            + (SELECT count(*) FROM bank.webhooks
               WHERE delivered_at IS NULL AND due_at IS NOT NULL)
            + (SELECT count(*) FROM bank.charges WHERE state = 'pending' OR due_at IS NOT NULL)
        """,
        TERMINAL,
    )
    return unfinished == 0


async def disagreements(pool: Pool, redis: Redis, event: str = "demo") -> list[str]:
    """Return every difference between the stores as a sentence; none when they agree."""
    return [
        *await _seats(pool, redis, event),
        *await _places(pool, redis, event),
        *await _money(pool),
        *await _parked(pool),
        *await journal_mistakes(pool, event),
    ]


async def sold_seats(pool: Pool) -> Counter[str]:
    """Count how often each seat is in a confirmed booking."""
    rows = await pool.fetch("SELECT unnest(seats) AS seat FROM bookings WHERE state = 'confirmed'")
    return Counter(row["seat"] for row in rows)


async def _seats(pool: Pool, redis: Redis, event: str) -> list[str]:
    sold = await sold_seats(pool)
    rows = await pool.fetch("SELECT seat FROM claims WHERE event = $1", event)
    claimed = {row["seat"] for row in rows}
    in_redis = await seat_marks(redis, pool, event)
    wrong = [f"{seat} sold {times} times" for seat, times in sold.items() if times > 1]
    wrong += [f"{seat} sold and not claimed" for seat in set(sold) - claimed]
    wrong += [f"{seat} claimed and not sold" for seat in claimed - set(sold)]
    wrong += [f"{seat} sold, in Redis {in_redis[seat]}" for seat in sold if in_redis[seat] != "s"]
    return wrong + [
        f"{seat} not sold, in Redis {mark}"
        for seat, mark in in_redis.items()
        if seat not in sold and mark not in ".x"
    ]


async def seat_marks(redis: Redis, pool: Pool, event: str) -> dict[str, str]:
    """Return the mark of every seat in Redis."""
    epoch = await pool.fetchval("SELECT epoch FROM recorded WHERE event = $1", event)
    rows = cast("dict[bytes, bytes]", await cast("Any", redis.hgetall(key(event, epoch, "rows"))))
    return {
        f"{name.decode().replace('/', '.')}-{number}": mark
        for name, text in rows.items()
        for number, mark in enumerate(text.decode(), 1)
    }


async def _places(pool: Pool, redis: Redis, event: str) -> list[str]:
    """Compare of each standing section what is claimed, sold, and free in Redis."""
    epoch = await pool.fetchval("SELECT epoch FROM recorded WHERE event = $1", event)
    rows = await pool.fetch(
        """
        SELECT id, capacity, claimed, (SELECT coalesce(sum(quantity - cardinality(seats)), 0)::int
            FROM bookings
            WHERE event = $1 AND section = sections.id AND state = 'confirmed') AS sold
        FROM sections WHERE event = $1 AND kind = 'standing'
        """,
        event,
    )
    wrong: list[str] = []
    for row in rows:
        found: Any = await cast("Any", redis.hget(key(event, epoch, "free"), row["id"]))
        if row["claimed"] != row["sold"]:
            wrong.append(f"{row['id']}: {row['claimed']} claimed, {row['sold']} sold")
        if int(found) != row["capacity"] - row["sold"]:
            wrong.append(f"{row['id']}: {int(found)} free, {row['sold']} sold")
    return wrong


async def _money(pool: Pool) -> list[str]:
    """Check that the bank keeps the price of each confirmed booking, and nothing of others."""
    rows = await pool.fetch(
        """
        SELECT id, state, total, coalesce(kept, 0) AS kept
        FROM bookings LEFT JOIN (
            SELECT booking, sum(captured - refunded)::bigint AS kept
            FROM bank.totals GROUP BY booking
        ) AS sums ON sums.booking = id
        """
    )
    return [
        f"{row['id']} is {row['state']} and costs {row['total']}, the bank has {row['kept']}"
        for row in rows
        if row["kept"] != (row["total"] if row["state"] == "confirmed" else 0)
    ]


async def _parked(pool: Pool) -> list[str]:
    rows = await pool.fetch("SELECT kind, booking, error FROM outbox WHERE parked")
    return [f"{row['kind']} of {row['booking']} is parked: {row['error']}" for row in rows]


async def journal_mistakes(pool: Pool, event: str) -> list[str]:
    """Return what does not follow in an event's journal, or differs from its places."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        head = await connection.fetchrow(READ_HEAD, event)
        rows = await connection.fetch(READ_PAGE, event, 0, ALL)
        places = await connection.fetch(LIVING, event)
    verification = Verification(number_of=await numbers_of(pool, event))
    try:
        for row in rows:
            verification.follow(entry_of(row))
    except NotFollowingError as error:
        return [f"journal: {error}"]
    found = verification.head
    ends = (head["n"], head["hash"].hex()) if head else (0, "")
    wrong = [] if (found.n, found.hash) == ends else [f"its head is {ends}, its last entry {found}"]
    told = set(verification.living.items())
    kept = {
        (digest_of(event, row["visitor"]), (row["lane"], max(row["number"], 0))) for row in places
    }
    wrong += [f"{place} is in the journal alone" for _, place in told - kept]
    wrong += [f"{place} is not in the journal" for _, place in kept - told]
    return [f"journal: {one}" for one in wrong]
