"""Positions of the waiting subscribers of a room: the list by number, and the frames when due."""

import asyncio
import time
from bisect import bisect_right, insort
from collections.abc import Iterable

from booking_rush.lua.line.commands import Waiting
from booking_rush.queue.forecast import EventForecast
from booking_rush.queue.lane_view import LaneView
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.fanout import SLICE
from booking_rush.server.rooms.subscriber import Subscriber
from booking_rush.server.runtime.metrics import FRAMES, PASSED_OVER

POSITION_S = 1.0  # between two positions of one subscriber, at least
FAR_S = 5.0  # at least, where many are ahead or the place stands still
NEAR = 500  # places from the front, where every second counts

Entry = tuple[int, int, Subscriber]


class Positions:
    """The waiting subscribers of a room by number.

    An entry lives while its number is the one that its subscriber waits under.
    """

    def __init__(self, view: LaneView, forecast: EventForecast) -> None:
        self._view = view
        self._forecast = forecast
        self._entries: list[Entry] = []

    def add(self, subscriber: Subscriber, number: int) -> None:
        """List a subscriber under the number of its place."""
        if subscriber.place.listed_number != number:
            subscriber.place.listed_number = number
            insort(self._entries, (number, id(subscriber), subscriber))

    def passed(self) -> list[Subscriber]:
        """Unlist the subscribers that head has passed: admitted, or missed. Return them."""
        count = bisect_right(self._entries, self._view.head, key=lambda entry: entry[0])
        passed, self._entries[:count] = self._entries[:count], []
        subscribers = [subscriber for entry in passed if (subscriber := _living(entry))]
        _unlist(passed)
        return subscribers

    def gone(self) -> list[Subscriber]:
        """Return the listed subscribers whose number waits no more."""
        return [
            subscriber
            for entry in self._entries
            if (subscriber := _living(entry)) and not self._view.waits(entry[0])
        ]

    async def send(self) -> int:
        """Send due positions, in slices as `fan_out` does. Return how many were sent."""
        listed, self._entries = self._entries, [e for e in self._entries if _living(e)]
        if len(self._entries) < len(listed):
            _unlist(entry for entry in listed if not _living(entry))
        sent, now, entries = 0, time.monotonic(), self._entries
        for at in range(0, len(entries), SLICE):
            sent += sum(
                self._send(subscriber, now) for _, _, subscriber in entries[at : at + SLICE]
            )
            await asyncio.sleep(0)
        FRAMES.add("queue.position", by=sent)
        return sent

    def _send(self, subscriber: Subscriber, now: float) -> bool:
        """Send a position, if one is due. Return whether it was sent."""
        sent, quiet_s = subscriber.place, now - subscriber.place.sent_at
        if quiet_s < POSITION_S or sent.answering or not isinstance(sent.last, Waiting):
            return False
        ahead = min(self._view.ahead(sent.last.number), sent.sent_ahead)
        moved = ahead < sent.sent_ahead and ahead < NEAR
        if quiet_s < FAR_S and not moved:
            return False
        if subscriber.behind():
            PASSED_OVER.inc()
            return False
        sent.record_position(ahead, now)
        forecast = self._forecast
        rate = forecast.admissions_per_second()
        subscriber.push(frames.position(ahead, self._view.waiting, rate, forecast.eta(ahead)))
        return True


def _unlist(entries: Iterable[Entry]) -> None:
    """Let numbers be listed again: after a recovery the same number may wait again."""
    for number, _, subscriber in entries:
        if subscriber.place.listed_number == number:
            subscriber.place.listed_number = 0


def _living(entry: Entry) -> Subscriber | None:
    """Return the subscriber of an entry that lives, or None."""
    number, _, subscriber = entry
    place = subscriber.place.last
    waits = isinstance(place, Waiting) and place.number == number
    return subscriber if waits and subscriber.place.listed_number == number else None
