"""Positions of the waiting subscribers of a room: the list by number, and the frames when due."""

import asyncio
import math
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass

from booking_rush.lua.line.commands import Waiting
from booking_rush.queue.forecast import EventForecast
from booking_rush.queue.lane_view import LaneViews
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.fanout import SLICE
from booking_rush.server.rooms.subscriber import Subscriber
from booking_rush.server.runtime.metrics import FRAMES, PASSED_OVER

POSITION_S = 1.0  # between two positions of one subscriber, at least
FAR_S = 5.0  # at most, where many are ahead or the place stands still
SWEEP_S = 4.5  # for a sweep over all that are far from the front; with its last turn below FAR_S
NEAR = 500  # places from the front, where every second counts

Entry = tuple[int, int, Subscriber]
NO_ENTRY = (0, 0)


class Positions:
    """The waiting subscribers of a room by lane and number.

    An entry lives while its number is the one that its subscriber waits under.
    """

    def __init__(self, views: LaneViews, forecast: EventForecast) -> None:
        self._views = views
        self._forecast = forecast
        self._entries: dict[str, list[Entry]] = {}  # by lane
        self._sweeps: dict[str, _Sweep] = {}

    def add(self, subscriber: Subscriber, place: Waiting) -> None:
        """List a subscriber under the lane and number of its place."""
        if subscriber.place.listed != (place.lane, place.number):
            subscriber.place.listed = (place.lane, place.number)
            entries = self._entries.setdefault(place.lane, [])
            entry = (place.number, id(subscriber), subscriber)
            if not entries or entries[-1][0] < place.number:  # who joins comes last
                entries.append(entry)
            else:
                insort(entries, entry)

    def passed(self) -> list[Subscriber]:
        """Unlist the subscribers that head has passed: admitted, or missed. Return them."""
        subscribers: list[Subscriber] = []
        for lane, entries in self._entries.items():
            head = self._views.of(lane).head
            count = bisect_right(entries, head, key=lambda entry: entry[0])
            passed, entries[:count] = entries[:count], []
            subscribers += [found for entry in passed if (found := _living(lane, entry))]
            _unlist(lane, passed)
        return subscribers

    def gone(self, lane: str) -> list[Subscriber]:
        """Return the listed subscribers of a lane whose number waits no more."""
        view = self._views.of(lane)
        return [
            subscriber
            for entry in self._entries.get(lane, ())
            if (subscriber := _living(lane, entry)) and not view.waits(entry[0])
        ]

    async def send(self) -> int:
        """Send due positions. Return how many were sent."""
        sent, now = 0, time.monotonic()
        for lane in list(self._entries):
            near, far = self._visit(lane, now)
            sent += await self._send_each(near, now, FAR_S)
            sent += await self._send_each(far, now, POSITION_S)
        FRAMES.add("queue.position", by=sent)
        return sent

    def _visit(self, lane: str, now: float) -> tuple[list[Entry], list[Entry]]:
        """Return the living entries near the front, and those of the others that have their turn.

        To look at every entry each time took more than to send the positions.
        """
        entries, view = self._entries[lane], self._views.of(lane)
        sweep = self._sweeps.setdefault(lane, _Sweep())
        front = bisect_left(entries, NEAR, key=lambda entry: view.ahead(entry[0]))
        begin = max(front, bisect_right(entries, sweep.last, key=lambda entry: entry[:2]))
        end = min(len(entries), begin + sweep.share(len(entries) - front, now))
        sweep.last = entries[end - 1][:2] if end < len(entries) else NO_ENTRY
        far = _keep_living(lane, entries, begin, end)
        return _keep_living(lane, entries, 0, front), far

    async def _send_each(self, entries: list[Entry], now: float, quiet_s: float) -> int:
        """Send positions to those who had none for so long, in slices as `fan_out` does."""
        sent = 0
        for at in range(0, len(entries), SLICE):
            some = entries[at : at + SLICE]
            sent += sum(self._send(subscriber, now, quiet_s) for _, _, subscriber in some)
            await asyncio.sleep(0)
        return sent

    def _send(self, subscriber: Subscriber, now: float, quiet_s: float) -> bool:
        """Send a position, if one is due. Return whether it was sent."""
        sent, quiet = subscriber.place, now - subscriber.place.sent_at
        if quiet < POSITION_S or sent.answering or not isinstance(sent.last, Waiting):
            return False
        lane = sent.last.lane
        ahead = min(self._views.of(lane).ahead(sent.last.number), sent.sent_ahead)
        moved = ahead < sent.sent_ahead and ahead < NEAR
        if quiet < quiet_s and not moved:
            return False
        if subscriber.behind():
            PASSED_OVER.inc()
            return False
        sent.record_position(ahead, now)
        forecast = self._forecast
        rate = forecast.admissions_per_second()
        subscriber.push(
            frames.position(ahead, self._views.waiting, rate, forecast.eta(ahead, lane))
        )
        return True


@dataclass(slots=True)
class _Sweep:
    """Sweep over the entries of a lane that are far from the front, each once in SWEEP_S."""

    last: tuple[int, int] = NO_ENTRY  # the entry that was visited last
    at: float = -SWEEP_S

    def share(self, count: int, now: float) -> int:
        """Return how many of so many entries have their turn by now."""
        passed_s, self.at = min(SWEEP_S, now - self.at), now
        return math.ceil(count * passed_s / SWEEP_S)


def _keep_living(lane: str, entries: list[Entry], begin: int, end: int) -> list[Entry]:
    """Return the living ones of these entries; the others are removed from the list."""
    part = entries[begin:end]
    living = [entry for entry in part if _living(lane, entry)]
    if len(living) < len(part):
        _unlist(lane, (entry for entry in part if not _living(lane, entry)))
        entries[begin:end] = living
    return living


def _unlist(lane: str, entries: Iterable[Entry]) -> None:
    """Let numbers be listed again: after a recovery the same number may wait again."""
    for number, _, subscriber in entries:
        if subscriber.place.listed == (lane, number):
            subscriber.place.unlist()


def _living(lane: str, entry: Entry) -> Subscriber | None:
    """Return the subscriber of an entry that lives, or None."""
    number, _, subscriber = entry
    place = subscriber.place.last
    waits = isinstance(place, Waiting) and (place.lane, place.number) == (lane, number)
    return subscriber if waits and subscriber.place.listed == (lane, number) else None
