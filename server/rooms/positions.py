"""Live places: who of this process waits, in order, and what they are told about it."""

import asyncio
import time
from bisect import bisect_right, insort
from collections.abc import Iterable

from booking_rush.lua.line.commands import Waiting
from booking_rush.queue.forecast import Outlook
from booking_rush.queue.lane_view import LaneView
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.fanout import SLICE
from booking_rush.server.rooms.subscriber import Guest
from booking_rush.server.runtime.metrics import FRAMES, PASSED_OVER

POSITION_S = 1.0  # nobody is told their place more often
FAR_S = 5.0  # who has many before them, or whose place stands still, is told this often
NEAR = 500  # places from the front, where every second counts

Entry = tuple[int, int, Guest]


class Positions:
    """The waiting guests of a room by number. An entry lives while it is its guest's number."""

    def __init__(self, view: LaneView, outlook: Outlook) -> None:
        self._view = view
        self._outlook = outlook
        self._entries: list[Entry] = []

    def add(self, guest: Guest, number: int) -> None:
        """Count a guest among those who wait."""
        if guest.listed != number:
            guest.listed = number
            insort(self._entries, (number, id(guest), guest))

    def passed(self) -> list[Guest]:
        """Take out who is passed by head: they have been admitted, or have missed it."""
        count = bisect_right(self._entries, self._view.head, key=lambda entry: entry[0])
        passed, self._entries[:count] = self._entries[:count], []
        found = [guest for entry in passed if (guest := _living(entry))]
        _unlist(passed)
        return found

    def gone(self) -> list[Guest]:
        """Who is in the list and waits no more."""
        return [
            guest
            for entry in self._entries
            if (guest := _living(entry)) and not self._view.waits(entry[0])
        ]

    async def send(self) -> int:
        """Tell who it is time to tell; how many were told."""
        listed, self._entries = self._entries, [one for one in self._entries if _living(one)]
        if len(self._entries) < len(listed):
            _unlist(entry for entry in listed if not _living(entry))
        told, now, entries = 0, time.monotonic(), self._entries
        for at in range(0, len(entries), SLICE):
            told += sum(self._send(guest, now) for _, _, guest in entries[at : at + SLICE])
            await asyncio.sleep(0)
        FRAMES.labels("queue.position").inc(told)
        return told

    def _send(self, guest: Guest, now: float) -> bool:
        place, quiet_s = guest.place, now - guest.told_at
        if quiet_s < POSITION_S or guest.busy or not isinstance(place, Waiting):
            return False
        ahead = min(self._view.ahead(place.number), guest.told_ahead)
        moved = ahead < guest.told_ahead and ahead < NEAR
        if quiet_s < FAR_S and not moved:
            return False
        if guest.behind():
            PASSED_OVER.inc()
            return False
        guest.told_ahead, guest.told_at = ahead, now
        outlook = self._outlook
        rate = outlook.admissions_per_second()
        guest.push(frames.position(ahead, self._view.waiting, rate, outlook.eta(ahead)))
        return True


def _unlist(entries: Iterable[Entry]) -> None:
    """These leave the list; after a recovery the same number may wait again."""
    for number, _, guest in entries:
        if guest.listed == number:
            guest.listed = 0


def _living(entry: Entry) -> Guest | None:
    """The guest of an entry that is still its guest's place in line."""
    number, _, guest = entry
    waits = isinstance(guest.place, Waiting) and guest.place.number == number
    return guest if waits and guest.listed == number else None
