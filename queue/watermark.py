"""How far Postgres has the outbox of one event, and who waits to be told because of it."""

import asyncio
import heapq
from dataclasses import dataclass, field

from booking_rush.errors import Refusal, TryAgain

PATIENCE_S = 2.0  # then the outcome is called unknown, and the client asks again
STALE_MAX = 64  # entries in the heap for which nobody waits any more

Entry = tuple[int, int, int]


def entry_of(text: str, epoch: int) -> Entry:
    """Return an entry's name, `<epoch>:<ms>-<n>`, so that entries compare as they were written.

    The id alone, as ticks and news have it, is of the given epoch.
    """
    begins, _, id_ = text.rpartition(":")
    milliseconds, _, sequence = id_.partition("-")
    return int(begins or epoch), int(milliseconds), int(sequence)


def _new_future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True)
class _Waiting:
    """All who wait for one entry."""

    reached: asyncio.Future[None] = field(default_factory=_new_future)
    count: int = 0


class Watermark:
    """Moved by news and ticks; callers wait for an entry of the same epoch."""

    def __init__(self) -> None:
        self._reached: Entry = (0, 0, 0)
        self._waiting: dict[Entry, _Waiting] = {}
        self._heap: list[Entry] = []  # each entry that is waited for once, and few others

    def __len__(self) -> int:
        """Return the number of entries that are waited for."""
        return len(self._waiting)

    def move(self, text: str) -> None:
        """Postgres has the outbox of this epoch up to this entry: whoever waited goes on."""
        self._reached = max(self._reached, entry_of(text, self._reached[0]))
        while self._heap and self._heap[0] <= self._reached:
            waiting = self._waiting.pop(heapq.heappop(self._heap), None)
            if waiting is not None and not waiting.reached.done():
                waiting.reached.set_result(None)

    def restart(self, refusal: Refusal, epoch: int | None = None) -> None:
        """Begin an epoch (the next, if none is given); who waits in an older one is refused."""
        epoch = self._reached[0] + 1 if epoch is None else epoch
        self._reached = (epoch, 0, 0)
        for entry in [entry for entry in self._waiting if entry[0] != epoch]:
            waiting = self._waiting.pop(entry)
            if not waiting.reached.done():
                waiting.reached.set_exception(refusal)
        self._rebuild_heap()

    async def reach(self, text: str) -> None:
        """Wait until Postgres has an entry; the empty entry is there already.

        Raises:
            TryAgain: it took too long, or its epoch ended before the answer was read; Postgres
                may have it, or have it later.
            Recovering: the epoch ended first.
        """
        if not text:
            return
        entry = entry_of(text, self._reached[0])
        if entry[0] < self._reached[0]:
            raise TryAgain("answered in an epoch that has ended")
        if entry <= self._reached:
            return
        waiting = self._waiting.get(entry)
        if waiting is None:
            waiting = self._waiting[entry] = _Waiting()
            heapq.heappush(self._heap, entry)
        waiting.count += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.shield(waiting.reached)
        except TimeoutError:
            raise TryAgain("not recorded yet") from None
        finally:
            waiting.count -= 1
            if not waiting.count and self._waiting.get(entry) is waiting:
                self._forget(entry)

    def _forget(self, entry: Entry) -> None:
        """Nobody waits for an entry any more: drop it, from the heap some time later."""
        del self._waiting[entry]
        if len(self._heap) > 2 * len(self._waiting) + STALE_MAX:
            self._rebuild_heap()

    def _rebuild_heap(self) -> None:
        self._heap = list(self._waiting)
        heapq.heapify(self._heap)
