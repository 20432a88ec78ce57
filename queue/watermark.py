"""How far Postgres has the outbox of one event, and who waits to be told because of it."""

import asyncio
import heapq
from itertools import count

from booking_rush.errors import Refusal, TryAgain

PATIENCE_S = 2.0  # then the outcome is called unknown, and the client asks again

Entry = tuple[int, int]


def entry_of(text: str) -> Entry:
    """An entry's id, `<ms>-<n>`, so that ids compare as they were written."""
    milliseconds, _, sequence = text.partition("-")
    return int(milliseconds), int(sequence)


class Watermark:
    """Moved by news and ticks; callers wait for an entry of the same epoch."""

    def __init__(self) -> None:
        self._reached: Entry = (0, 0)
        self._waiters: list[tuple[Entry, int, asyncio.Future[None]]] = []
        self._order = count()

    def move(self, text: str) -> None:
        """Postgres has the outbox up to this entry: whoever waited for it goes on."""
        self._reached = max(self._reached, entry_of(text))
        while self._waiters and self._waiters[0][0] <= self._reached:
            _, _, waiter = heapq.heappop(self._waiters)
            if not waiter.done():
                waiter.set_result(None)

    def restart(self, refusal: Refusal) -> None:
        """A new epoch begins: whoever waits for an entry of the old one is refused."""
        waiters, self._waiters, self._reached = self._waiters, [], (0, 0)
        for _, _, waiter in waiters:
            if not waiter.done():
                waiter.set_exception(refusal)

    async def reach(self, text: str) -> None:
        """Wait until Postgres has an entry; the empty entry is there already.

        Raises:
            TryAgain: it took too long; Postgres may have it later.
            Recovering: the epoch ended first.
        """
        if not text or entry_of(text) <= self._reached:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (entry_of(text), next(self._order), waiter))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await waiter
        except TimeoutError:
            raise TryAgain("not recorded yet") from None
