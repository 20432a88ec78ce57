"""Sections of one event as they are now: read in Redis, of an archived event in Postgres."""

from collections.abc import Hashable, Sequence

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

    @property
    def is_readable(self) -> bool:
        """Return whether a read would be answered, as far as this process knows."""
        return self._batcher.is_archived or self._batcher.gate.is_open

    @property
    def state(self) -> Hashable:
        """Return a value that changes with the epoch, and with each command that moves seats."""
        batcher = self._batcher
        return batcher.is_archived, batcher.gate.epoch, batcher.seats_asked_for

    async def read(self, sections: Sequence[str] = ()) -> Sequence[SectionSeats]:
        """Return those of these sections that the event has; all where none is named.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot say just now.
            asyncpg.PostgresError, OSError: the event is archived, and Postgres does not answer.
        """
        if self._batcher.is_archived:
            return await archived_event.seats(self._pool, self._event, sections)
        return (await self._batcher.do(ReadSeats(list(sections)))).sections
