"""Places of a banned address block in PostgreSQL: those of visitors who are not connected, too."""

import asyncio
from collections.abc import AsyncGenerator

from booking_rush.booking.joining.ban_list import Ban
from booking_rush.postgres import Pool
from booking_rush.queue.join_checks.address_blocks import Network, digests_within

PAGE = 500  # visitors of one statement
COUNTED_MAX = 100_000  # places, before a count ends


async def visitors_of(pool: Pool, ban: Ban) -> AsyncGenerator[list[str]]:
    """Yield the visitors who joined a banned event from a banned block, page by page.

    A place has a digest of its /24 or /64. So of a block that is a part of one nobody is found;
    they are refused when they come.
    """
    if ban.block is None:
        return
    digests, after = await asyncio.to_thread(digests_within, ban.block), ""
    while digests:
        rows = await pool.fetch(FIND, ban.event, digests, after, PAGE)
        if rows:
            yield [row["visitor"] for row in rows]
        if len(rows) < PAGE:
            return
        after = rows[-1]["visitor"]


async def count(pool: Pool, event: str, *, visitor: str, block: Network | None) -> int | None:
    """Return how many places a ban would end, or None where no digest tells of the block."""
    digests = await asyncio.to_thread(digests_within, block) if block else []
    if block and not digests:
        return None
    found: int = await pool.fetchval(COUNT, event, digests, visitor, COUNTED_MAX)
    return found


FIND = """
    SELECT visitor FROM places
    WHERE event = $1 AND state <> 'ended' AND block = ANY($2) AND visitor > $3
    UNION
    SELECT visitor FROM deferred_joins WHERE event = $1 AND block = ANY($2) AND visitor > $3
    ORDER BY visitor LIMIT $4
"""
# A ban is of a visitor or of a block, so nobody is counted twice.
COUNT = """
    SELECT count(*) FROM (
        SELECT 1 FROM places WHERE event = $1 AND state <> 'ended' AND block = ANY($2)
        UNION ALL
        SELECT 1 FROM places WHERE event = $1 AND state <> 'ended' AND visitor = $3
        UNION ALL
        SELECT 1 FROM deferred_joins WHERE event = $1 AND NOT is_removed AND block = ANY($2)
        UNION ALL
        SELECT 1 FROM deferred_joins WHERE event = $1 AND NOT is_removed AND visitor = $3
        LIMIT $4) AS found
"""
