"""Availability of events, as JSON by section and in one word: however many ask, reads are few."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Literal, NamedTuple

import orjson

from booking_rush.errors import Refusal
from booking_rush.lua.events.commands import Stats
from booking_rush.postgres import UNAVAILABLE
from booking_rush.server.rooms.seat_map import SectionView
from booking_rush.server.rooms.seat_reader import SeatReader

Stock = Literal["plenty", "few", "held", "gone"]

READ_EVERY_S = 0.1
FRESH_S = 2.0  # for which a word is reused, however many ask
FEW_SHARE = 0.1  # of all places for sale
READS_AT_ONCE = 32


class _Answer(NamedTuple):
    """Bytes of one read; `state` is that of the seats as far as this process knows it."""

    body: bytes
    began_at: float
    state: Hashable


class Availability:
    """Answers of one event: all who ask before a read begins get the same bytes of it.

    Whoever asks within READ_EVERY_S of its begin gets them, too, unless a seat has changed since:
    then the next read is awaited, so everybody finds their own hold in the answer.
    """

    def __init__(self, reader: SeatReader) -> None:
        self._reader = reader
        self._next: asyncio.Task[bytes] | None = None  # not begun: who asks now may share it
        self._began_at = -math.inf
        self._changes = 0  # that this process has heard of
        self._answer: _Answer | None = None

    def invalidate(self) -> None:
        """Answer no more from memory until the next read: seats have changed, or may have."""
        self._changes += 1

    async def body(self) -> bytes:
        """Return `{"sections": {id: {version, free, rows?}}}`.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot say just now.
        """
        if (answer := self._answer) is not None and self._is_fresh(answer):
            return answer.body
        if self._next is None:
            self._next = asyncio.create_task(self._read())
            self._next.add_done_callback(_look_at)  # who asked may have gone
        return await asyncio.shield(self._next)

    def _is_fresh(self, answer: _Answer) -> bool:
        return (
            time.monotonic() - answer.began_at < READ_EVERY_S
            and self._reader.is_readable
            and answer.state == self._state()
        )

    def _state(self) -> Hashable:
        return self._changes, self._reader.state

    async def _read(self) -> bytes:
        await asyncio.sleep(self._began_at + READ_EVERY_S - time.monotonic())
        self._next, self._began_at, state = None, time.monotonic(), self._state()
        began_at = self._began_at
        read = await self._reader.read()
        body = orjson.dumps(
            {"sections": {view.id: view.members() for view in map(SectionView, read)}}
        )
        self._answer = answer = _Answer(body, began_at, state)
        asyncio.get_running_loop().call_later(READ_EVERY_S, self._forget, answer)
        return body

    def _forget(self, answer: _Answer) -> None:
        if self._answer is answer:
            self._answer = None


def _look_at(task: asyncio.Task[bytes]) -> None:
    if not task.cancelled():
        task.exception()


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
    return word_of(stats.free, places)


def word_of(free: int, places: int) -> Literal["plenty", "few", "gone"]:
    """Return the word for so many free places of so many that are for sale."""
    if free == 0:
        return "gone"
    return "few" if free <= FEW_SHARE * places else "plenty"


class StockCache:
    """Stock of every event of this process, each read in Redis at most every FRESH_S."""

    def __init__(self, stats_of: Callable[[str], Awaitable[Stats]]) -> None:
        """`stats_of` reads the statistics of an event in Redis."""
        self._stats_of = stats_of
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
                stock = stock_of(await self._stats_of(event))
            except (Refusal, *UNAVAILABLE):
                stock = None
        self._known[event] = (time.monotonic(), stock)
