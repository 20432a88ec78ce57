"""An archived event's seats and statistics, read in Postgres: Redis has nothing of it any more."""

from collections.abc import Collection

from booking_rush.booking.catalogue.line_statistics import line_statistics
from booking_rush.booking.seats import inventory
from booking_rush.lua.events.commands import SectionSeats, Stats
from booking_rush.postgres import Pool

EPOCH_VERSIONS = 1_000_000_000  # of a section, as the move `load_sections` counts them


async def seats(pool: Pool, event: str, sections: Collection[str]) -> list[SectionSeats]:
    """Return those of these sections that the event has; all where none is named.

    The version is beyond each of the event's last epoch, and before those of a next one.
    """
    async with pool.acquire() as connection:
        epoch = await connection.fetchval("SELECT epoch FROM recorded WHERE event = $1", event)
        found = await inventory.sections(connection, event)
    version = (epoch + 1) * EPOCH_VERSIONS - 1
    return [
        SectionSeats(section.id, section.kind, section.free, version, section.rows)
        for section in found
        if not sections or section.id in sections
    ]


async def statistics(pool: Pool, event: str) -> Stats:
    """Return the event's final statistics. Nobody waits, holds or pays."""
    read = await seats(pool, event, ())
    async with pool.acquire() as connection:
        line = await line_statistics(connection, event)
        claimed = await connection.fetchval(CLAIMED, event)
    marked = sum(text.count("h") + text.count("s") for one in read for _, text in one.rows)
    return Stats(
        state="closed",
        waiting=0,
        active=0,
        late=0,
        joined=line.joined,
        admitted=line.admitted,
        held=0,
        paying=0,
        sold=marked + claimed,
        free=sum(section.free for section in read),
        outbox_age_ms=0,
        sockets=0,
        waits=sorted(line.waits.items()),
    )


CLAIMED = "SELECT coalesce(sum(claimed), 0)::bigint FROM sections WHERE event = $1"
