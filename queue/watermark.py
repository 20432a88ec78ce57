"""Watermark of an outbox: how far Postgres has it, and the callers that wait for an entry."""

import asyncio
import heapq

from booking_rush.errors import Refusal, TryAgain

TIMEOUT_S = 2.0  # then the outcome is unknown, and the client tries again
STALE_MAX = 64  # entries in the heap for which nobody waits any more

Entry = tuple[int, int, int]


def entry_of(text: str, epoch: int) -> Entry:
    """Return an entry's name, `<epoch>:<ms>-<n>`, as numbers, which compare in order of writing.

    The id alone, as ticks and news have it, is of the given epoch.
    """
    begins, _, id_ = text.rpartition(":")
    milliseconds, _, sequence = id_.partition("-")
    return int(begins or epoch), int(milliseconds), int(sequence)


class Watermark:
    """Watermark of one event in one process, moved by news and ticks of the epoch."""

    def __init__(self) -> None:
        self._reached: Entry = (0, 0, 0)
        self._waiting: dict[Entry, set[asyncio.Future[None]]] = {}  # a future a caller
        self._heap: list[Entry] = []  # each entry that is waited for once, and few others

    def __len__(self) -> int:
        """Return the number of entries that are waited for."""
        return len(self._waiting)

    def move(self, text: str) -> None:
        """Move to an entry that Postgres has, and let the callers go on that wait up to it."""
        self._reached = max(self._reached, entry_of(text, self._reached[0]))
        while self._heap and self._heap[0] <= self._reached:
            for reached in self._waiting.pop(heapq.heappop(self._heap), ()):
                if not reached.done():
                    reached.set_result(None)

    def restart(self, refusal: Refusal, epoch: int | None = None) -> None:
        """Begin an epoch, the next if none is given: callers in another are raised this refusal."""
        epoch = self._reached[0] + 1 if epoch is None else epoch
        self._reached = (epoch, 0, 0)
        for entry in [entry for entry in self._waiting if entry[0] != epoch]:
            for reached in self._waiting.pop(entry):
                _refuse(reached, refusal)
        self._rebuild_heap()

    async def reach(self, text: str) -> None:
        """Wait until Postgres has an entry; for the empty entry there is no wait.

        It awaits a future alone, and so needs no task: each join and each leave waits here.

        Raises:
            TryAgain: TIMEOUT_S have passed, or the epoch ended before the answer was read;
                Postgres may have the entry, or have it later.
            Recovering: the epoch ended first.
        """
        if not text:
            return
        entry = entry_of(text, self._reached[0])
        if entry[0] < self._reached[0]:
            raise TryAgain("answered in an epoch that has ended")
        if entry <= self._reached:
            return
        loop = asyncio.get_running_loop()
        reached = loop.create_future()
        timer = loop.call_later(TIMEOUT_S, _refuse, reached, TryAgain("not recorded yet"))
        callers = self._callers_of(entry)
        callers.add(reached)
        try:
            await reached
        finally:
            timer.cancel()
            callers.discard(reached)
            if not callers and self._waiting.get(entry) is callers:
                self._forget(entry)

    def _callers_of(self, entry: Entry) -> set[asyncio.Future[None]]:
        callers = self._waiting.get(entry)
        if callers is None:
            callers = self._waiting[entry] = set()
            heapq.heappush(self._heap, entry)
        return callers

    def _forget(self, entry: Entry) -> None:
        """Drop an entry that no caller waits for any more, from the heap some time later."""
        del self._waiting[entry]
        if len(self._heap) > 2 * len(self._waiting) + STALE_MAX:
            self._rebuild_heap()

    def _rebuild_heap(self) -> None:
        self._heap = list(self._waiting)
        heapq.heapify(self._heap)


def _refuse(reached: asyncio.Future[None], refusal: Refusal) -> None:
    if not reached.done():
        reached.set_exception(refusal)
