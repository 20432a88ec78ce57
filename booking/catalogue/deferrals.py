"""Deferred joins in Postgres: their address block has its share of numbers, and others wait."""

from collections.abc import Mapping

from booking_rush.lua.recovery.commands import DeferredJoin
from booking_rush.postgres import Connection


async def save(
    connection: Connection, event: str, joins: Mapping[str, DeferredJoin | None]
) -> None:
    """Save joins that are deferred by their visitors, and delete those that are no more (None)."""
    over = [visitor for visitor, join in joins.items() if join is None]
    if over:
        await connection.execute(DELETE, event, over)
    rows = [
        (join.visitor, join.lane, join.code, join.block, join.turn, join.joined_ms)
        for join in joins.values()
        if join is not None
    ]
    if rows:
        await connection.execute(SAVE, event, *zip(*rows, strict=True))


async def mark_removed(
    connection: Connection, event: str, most: int, *, is_removed: bool
) -> list[tuple[str, str]]:
    """Mark deferred joins as removed by a closing, or as not; `most` of those that are not so.

    Return each as (visitor, lane).
    """
    return [tuple(row) for row in await connection.fetch(MARK_REMOVED, event, most, is_removed)]


async def lanes(connection: Connection, event: str) -> list[str]:
    """Return the lanes that joins are deferred in; the rules may know some of them no more."""
    rows = await connection.fetch(LANES, event)
    return [row["lane"] for row in rows]


async def delete_page(connection: Connection, event: str, most: int) -> int:
    """Delete deferred joins of an event, `most` of them. Return how many."""
    return int((await connection.execute(DELETE_PAGE, event, most)).rpartition(" ")[2])


LANES = "SELECT DISTINCT lane FROM deferred_joins WHERE event = $1"

DELETE = "DELETE FROM deferred_joins WHERE event = $1 AND visitor = ANY($2)"

SAVE = """
    INSERT INTO deferred_joins (event, visitor, lane, code, block, turn, joined_ms)
    SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
        $7::bigint[])
    ON CONFLICT (event, visitor) DO UPDATE SET lane = EXCLUDED.lane, code = EXCLUDED.code,
        block = EXCLUDED.block, turn = EXCLUDED.turn, joined_ms = EXCLUDED.joined_ms
"""

LOAD = """
    SELECT visitor, lane, code, block, turn, joined_ms FROM deferred_joins
    WHERE event = $1 ORDER BY visitor
"""

MARK_REMOVED = """
    UPDATE deferred_joins SET is_removed = $3 WHERE event = $1 AND visitor = ANY (ARRAY(
        SELECT visitor FROM deferred_joins WHERE event = $1 AND is_removed <> $3
        ORDER BY visitor LIMIT $2))
    RETURNING visitor, lane
"""

DELETE_PAGE = """
    DELETE FROM deferred_joins WHERE event = $1 AND visitor = ANY (ARRAY(
        SELECT visitor FROM deferred_joins WHERE event = $1 ORDER BY visitor LIMIT $2))
"""
