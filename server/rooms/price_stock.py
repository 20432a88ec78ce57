"""Stock of an event by price: free places and a word for each price, read once a second."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from booking_rush.booking.history import told_stock
from booking_rush.booking.mail.locales import forms_of, money
from booking_rush.coalescing import Coalescer
from booking_rush.errors import Refusal
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.events.commands import ReadStock, StockRead
from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.queue.forecast import Odds, odds_of
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.availability import word_of

FRESH_S = 1.0  # for which one read serves whoever asks
CALLS_MAX = 100_000  # that may wait for one read


class _Section(NamedTuple):
    amount: int
    currency: str
    places: int


class PriceStock:
    """Stock of one event in this process, and the odds that follow from it."""

    def __init__(self, event: str, batcher: Batcher, pool: Pool) -> None:
        self._event = event
        self._batcher = batcher
        self._pool = pool
        self._sections: dict[str, _Section] = {}
        self._read: StockRead | None = None
        self._free = self._places = 0  # of all prices together, as of that
        self._members: dict[str, Any] = {}
        self._read_at = -FRESH_S
        self._sent_words: list[str] | None = None
        self._told = ""  # words of prices that the journal has
        self._reads = Coalescer[None, None](self._refresh_for, most=CALLS_MAX)

    async def members(self) -> dict[str, Any]:
        """Return `{"stock": {"prices": […]}}`, the cheapest first; empty where it is not known."""
        if time.monotonic() - self._read_at >= FRESH_S:
            await self._reads.do(None)
        members = self._members
        if members and self._sent_words is None:
            self._sent_words = _words_of(members)
        return members

    async def changed_frame(self) -> bytes | None:
        """Return `queue.stock` where a word is another than the one sent last; None otherwise.

        The first that anybody was told, in a welcome, count as sent.
        """
        members = await self.members()
        if not members or (words := _words_of(members)) == self._sent_words:
            return None
        self._sent_words = words
        return frames.frame("queue.stock", **members)

    def odds(self, ahead: int) -> Odds | None:
        """Return the odds of a place; None where nothing is sold, or the stock is not known."""
        if self._read is None or self._places == 0:
            return None
        taken = self._places - self._free
        return odds_of(ahead, free=self._free, taken=taken, admitted=self._read.admitted)

    def _take(self, read: StockRead) -> None:
        """Take what was read: everybody who asks before the next read is answered by that."""
        self._read = read
        self._places = sum(section.places for section in self._sections.values())
        self._free = sum(count for _, count in read.free)
        self._members = self._members_of(read)

    def _members_of(self, read: StockRead) -> dict[str, Any]:
        free, places = dict[tuple[int, str], int](), dict[tuple[int, str], int]()
        for id_, count in read.free:
            if section := self._sections.get(id_):
                price = section.amount, section.currency
                free[price] = free.get(price, 0) + count
                places[price] = places.get(price, 0) + section.places
        return {
            "stock": {
                "prices": [
                    {
                        "price": {"amount": amount, "currency": currency},
                        "free": count,
                        "word": word_of(count, places[amount, currency]),
                    }
                    for (amount, currency), count in sorted(free.items())
                ]
            }
        }

    async def _refresh_for(self, calls: Sequence[None]) -> list[None]:
        """Read once for all these calls. What cannot be read now stays as it was."""
        try:
            read = await self._batcher.do(ReadStock())
            if {id_ for id_, _ in read.free} != self._sections.keys():
                rows = await self._pool.fetch(SECTIONS, self._event)
                self._sections = {row["id"]: _Section(*row[1:]) for row in rows}
            self._take(read)
            await self._tell()
        except (Refusal, *UNAVAILABLE):
            pass
        self._read_at = time.monotonic()
        return [None] * len(calls)

    async def _tell(self) -> None:
        """Tell the journal by which words visitors are told of each price from now on."""
        prices = self._members["stock"]["prices"]
        forms = forms_of("en")
        words = ", ".join(f"{money(**one['price'], forms=forms)} {one['word']}" for one in prices)
        if words and words != self._told:
            await told_stock.tell(self._pool, self._event, words)
            self._told = words


def _words_of(members: dict[str, Any]) -> list[str]:
    return [price["word"] for price in members["stock"]["prices"]]


SECTIONS = """
    SELECT id, price_amount, price_currency, capacity - cardinality(closed)
    FROM sections WHERE event = $1
"""
