"""Shows of an event by their sections: holds, bookings and tickets tell their date."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.text import Name64
from booking_rush.timestamps import instant

log = logging.getLogger(__name__)

READ_S = 0.5  # then holds are told without their show
AGAIN_S = 5.0  # after a failure


class Show(msgspec.Struct, frozen=True):
    """One date of an event, and the time zone of its venue."""

    id: Name64
    starts_at: datetime
    time_zone: Name64

    def members(self) -> dict[str, Any]:
        """Serialize it."""
        return {"id": self.id, "starts_at": instant(self.starts_at), "time_zone": self.time_zone}


ShowsBySection = Mapping[str, Show]
DECODER = msgspec.json.Decoder(dict[str, Show])

# Shows of the sections that a condition picks, as JSON by the ids of these sections.
FROM_SECTIONS = """
    FROM sections JOIN shows ON shows.event = sections.event AND shows.id = sections.show"""
SHOWS = f"""SELECT json_object_agg(sections.id, json_build_object('id', shows.id,
        'starts_at', shows.starts_at, 'time_zone', shows.time_zone)) {FROM_SECTIONS}"""


def shows_of(text: str | None) -> dict[str, Show]:
    """Return the shows of a value of SHOWS; none for null."""
    return DECODER.decode(text) if text else {}


def show_members(shows: ShowsBySection, sections: Iterable[str]) -> dict[str, Any]:
    """Return `{show}` where all of these sections are known to be of one show, else nothing."""
    first, *others = [shows.get(section) for section in sections] or [None]
    if first is None or any(other != first for other in others):  # a set would hash each
        return {}
    return {"show": first.members()}


class EventShows:
    """Shows of one event in memory, read once a version of the event."""

    def __init__(self, event: str, pool: Pool) -> None:
        self._event = event
        self._pool = pool
        self._read_at = 0.0  # of the last try
        self.is_current = False  # whether `refresh` would have nothing to do
        self.by_section: ShowsBySection = {}

    def invalidate(self) -> None:
        """Read the shows again at the next `refresh`: the event has changed."""
        self.is_current, self._read_at = False, 0.0

    async def refresh(self) -> None:
        """Read the shows if the event has changed; those known before stay when that fails."""
        if self.is_current or time.monotonic() - self._read_at < AGAIN_S:
            return
        self._read_at = time.monotonic()
        try:
            async with asyncio.timeout(READ_S):
                text = await self._pool.fetchval(
                    f"{SHOWS} WHERE sections.event = $1",
                    self._event,
                )
        except (TimeoutError, *UNAVAILABLE) as why:
            log.info("shows not read event=%s why=%s", self._event, type(why).__name__)
            return
        self.by_section, self.is_current = shows_of(text), True
