"""Stock of events in one word, as everybody may know it: plenty, few, held or gone."""

import asyncio
import time
from collections.abc import Sequence
from typing import Literal

from booking_rush.errors import Refusal
from booking_rush.lua.events.commands import Stats
from booking_rush.postgres import UNAVAILABLE
from booking_rush.server.rooms.registry import RoomRegistry

Stock = Literal["plenty", "few", "held", "gone"]

FRESH_S = 2.0  # for which a word is reused, however many ask
FEW_SHARE = 0.1  # of all places for sale
READS_AT_ONCE = 32


def stock_of(stats: Stats) -> Stock | None:
    """Return the stock; None for an event that sells no places.

    `held`: nothing is free, but what is held or being paid may come back.
    """
    kept = stats.held + stats.paying
    places = stats.free + kept + stats.sold
    if places == 0:
        return None
    if stats.free == 0:
        return "held" if kept else "gone"
    return "few" if stats.free <= FEW_SHARE * places else "plenty"


class StockCache:
    """Stock of every event of this process, each read in Redis at most every FRESH_S."""

    def __init__(self, rooms: RoomRegistry) -> None:
        self._rooms = rooms
        self._known: dict[str, tuple[float, Stock | None]] = {}
        self._reads = asyncio.Semaphore(READS_AT_ONCE)

    async def of(self, events: Sequence[str]) -> list[Stock | None]:
        """Return the stock of each event; None where it is not known just now."""
        now = time.monotonic()
        old = [event for event in events if now - self._known.get(event, (-FRESH_S,))[0] >= FRESH_S]
        for event in old:  # who asks meanwhile gets the word before
            self._known[event] = (now, self._known.get(event, (0, None))[1])
        await asyncio.gather(*map(self._read, old))
        return [self._known[event][1] for event in events]

    async def _read(self, event: str) -> None:
        async with self._reads:
            try:
                room = await self._rooms.room(event)
                stock = stock_of(await self._rooms.stats(room))
            except (Refusal, *UNAVAILABLE):
                stock = None
        self._known[event] = (time.monotonic(), stock)
