"""Sections of one event as they are now: read in Redis, of an archived event in Postgres."""

from collections.abc import Sequence

from booking_rush.booking.seats import archived_event
from booking_rush.lua.events.commands import ReadSeats, SectionSeats
from booking_rush.postgres import Pool
from booking_rush.queue.archived_event import EventBatcher


class SeatReader:
    """Reads sections of one event."""

    def __init__(self, event: str, batcher: EventBatcher, pool: Pool) -> None:
        self._event = event
        self._batcher = batcher
        self._pool = pool

    async def read(self, sections: Sequence[str] = ()) -> Sequence[SectionSeats]:
        """Return those of these sections that the event has; all where none is named.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot say just now.
            asyncpg.PostgresError, OSError: the event is archived, and Postgres does not answer.
        """
        if self._batcher.is_archived:
            return await archived_event.seats(self._pool, self._event, sections)
        return (await self._batcher.do(ReadSeats(list(sections)))).sections
