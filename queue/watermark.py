"""Watermark of an outbox: how far Postgres has it, and the callers that wait for an entry."""

import asyncio
import heapq
from itertools import count

from booking_rush.errors import Refusal, TryAgain

TIMEOUT_S = 2.0  # then the outcome is unknown, and the client tries again

Entry = tuple[int, int]


def entry_of(text: str) -> Entry:
    """Return an entry's id, `<ms>-<n>`, as numbers, which compare in the order of writing."""
    milliseconds, _, sequence = text.partition("-")
    return int(milliseconds), int(sequence)


class Watermark:
    """Watermark of one event in one process, moved by news and ticks of the epoch."""

    def __init__(self) -> None:
        self._reached: Entry = (0, 0)
        self._waiters: list[tuple[Entry, int, asyncio.Future[None]]] = []
        self._order = count()

    def move(self, text: str) -> None:
        """Move to an entry that Postgres has, and let the callers go on that wait up to it."""
        self._reached = max(self._reached, entry_of(text))
        while self._waiters and self._waiters[0][0] <= self._reached:
            _, _, waiter = heapq.heappop(self._waiters)
            if not waiter.done():
                waiter.set_result(None)

    def restart(self, refusal: Refusal) -> None:
        """Begin a new epoch: every waiting caller is raised this refusal."""
        waiters, self._waiters, self._reached = self._waiters, [], (0, 0)
        for _, _, waiter in waiters:
            if not waiter.done():
                waiter.set_exception(refusal)

    async def reach(self, text: str) -> None:
        """Wait until Postgres has an entry; for the empty entry there is no wait.

        Raises:
            TryAgain: TIMEOUT_S have passed; Postgres may have the entry later.
            Recovering: the epoch ended first.
        """
        if not text or entry_of(text) <= self._reached:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (entry_of(text), next(self._order), waiter))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await waiter
        except TimeoutError:
            raise TryAgain("not recorded yet") from None
