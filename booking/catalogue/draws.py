"""Draws in Postgres: their seeds from the beginning, and their bounds before a number is told."""

from collections.abc import Sequence

from booking_rush.postgres import Connection, Pool
from booking_rush.queue.lottery.seeds import new_seed


async def make_seed(connection: Connection, event: str, fairness: str) -> None:
    """Make the seed of an event that draws lots, or the key of its windows, unless it is there."""
    if fairness in SEEDS:
        await connection.execute(SEEDS[fairness], event, new_seed())


async def is_lottery_due(connection: Connection, event: str) -> bool:
    """Return whether an event that opens now draws lots before: by its rules, or for its lobby."""
    is_due = f"SELECT {IS_LOTTERY_DUE} FROM events WHERE id = $1"  # noqa: S608  of this file
    return bool(await connection.fetchval(is_due, event))


async def save_draws(
    connection: Connection, event: str, draws: Sequence[tuple[str, int, int, int]]
) -> None:
    """Save draws: each (lane, window, first index, last index)."""
    if draws:
        await connection.execute(SAVE_DRAWS, event, *zip(*draws, strict=True))


async def give_numbers(
    connection: Connection, event: str, drawn: Sequence[tuple[str, int, int]]
) -> None:
    """Give places of the lobby the numbers that they were drawn: each (lane, index, number)."""
    if drawn:
        await connection.execute(GIVE_NUMBERS, event, *zip(*drawn, strict=True))


async def end_lottery(connection: Connection, event: str) -> None:
    """Save that everybody of the lobby has a number: the event may open, and tell its seed."""
    await connection.execute(END_LOTTERY, event)


# Lane, window, first index, last index, and whether its draw is saved.
WindowToDraw = tuple[str, int, int, int, bool]


async def windows_to_draw(connection: Connection, event: str) -> list[WindowToDraw]:
    """Return the windows in which somebody waits for a draw, oldest first."""
    return [tuple(row) for row in await connection.fetch(WINDOWS, event)]


async def last_windows(connection: Connection, event: str) -> dict[str, int]:
    """Return the last window of each lane that has a draw: nobody joins it, or one before it."""
    rows = await connection.fetch(LAST_WINDOWS, event)
    return {row["lane"]: row["window_"] for row in rows}


async def last_turns(connection: Connection | Pool, event: str) -> dict[str, int]:
    """Return the greatest number or index of each lane, found by skipping through the key."""
    rows = await connection.fetch(LAST_TURNS, event)
    return {row["lane"]: row["turn"] for row in rows}


# Of a row of events. Who joined while the rules said lottery is drawn, though they say so no more.
IS_LOTTERY_DUE = """
    (rules->>'fairness' = 'lottery' OR EXISTS (SELECT FROM places
        WHERE places.event = events.id AND places.state = 'lobby' AND window_ = 0))
"""

# By fairness. A seed is never replaced: people have joined by it.
SEEDS = {
    "lottery": """
        UPDATE events SET lottery_seed = $2 WHERE id = $1 AND lottery_seed IS NULL""",
    "windows": "UPDATE events SET window_key = $2 WHERE id = $1 AND window_key IS NULL",
}

SAVE_DRAWS = """
    INSERT INTO draws (event, lane, window_, first, last)
    SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
    ON CONFLICT DO NOTHING
"""

GIVE_NUMBERS = """
    UPDATE places SET number = given.number
    FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS given (lane, index_, number)
    WHERE places.event = $1 AND places.lane = given.lane AND places.number = -given.index_
"""

# The schedule opens an event that draws; of one that is open already this is another version.
END_LOTTERY = """
    UPDATE events SET drawn_at = now(), version = version + (state <> 'drawing')::int
    WHERE id = $1 AND drawn_at IS NULL
"""

# Who left a window that is not drawn had an index of it, too.
WINDOWS = """
    SELECT lane, window_, coalesce(draws.first, min(index_)) AS first,
        coalesce(draws.last, max(index_)) AS last, draws.first IS NOT NULL AS is_fixed
    FROM places LEFT JOIN draws USING (event, lane, window_)
    WHERE event = $1 AND number < 0 AND (lane, window_) IN (
        SELECT lane, window_ FROM places WHERE event = $1 AND number < 0 AND state = 'lobby')
    GROUP BY lane, window_, draws.first, draws.last ORDER BY first
"""

LAST_WINDOWS = "SELECT lane, max(window_) AS window_ FROM draws WHERE event = $1 GROUP BY lane"

LAST_TURNS = """
    WITH RECURSIVE lanes AS (
        (SELECT lane FROM places WHERE event = $1 ORDER BY lane DESC LIMIT 1)
        UNION ALL
        SELECT next.lane FROM lanes, LATERAL (
            SELECT lane FROM places WHERE event = $1 AND places.lane < lanes.lane
            ORDER BY lane DESC LIMIT 1) AS next)
    SELECT lane, greatest(
        (SELECT max(number) FROM places WHERE event = $1 AND places.lane = lanes.lane),
        (SELECT -min(number) FROM places WHERE event = $1 AND places.lane = lanes.lane),
        (SELECT max(last) FROM draws WHERE event = $1 AND draws.lane = lanes.lane)) AS turn
    FROM lanes
"""
