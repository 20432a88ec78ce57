"""Places of a banned address block in PostgreSQL: those of visitors who are not connected, too."""

import asyncio
from collections.abc import AsyncGenerator

from booking_rush.booking.joining.ban_list import Ban
from booking_rush.postgres import Pool
from booking_rush.queue.join_checks.address_blocks import digests_within

PAGE = 500  # visitors of one statement


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


FIND = """
    SELECT visitor FROM places
    WHERE event = $1 AND state <> 'ended' AND block = ANY($2) AND visitor > $3
    UNION
    SELECT visitor FROM deferred_joins WHERE event = $1 AND block = ANY($2) AND visitor > $3
    ORDER BY visitor LIMIT $4
"""
