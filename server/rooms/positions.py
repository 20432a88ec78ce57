"""Positions of the waiting subscribers of a room: the list by number, and the frames when due."""

import asyncio
import time
from bisect import bisect_right, insort
from collections.abc import Iterable

from booking_rush.lua.line.commands import Waiting
from booking_rush.queue.forecast import EventForecast
from booking_rush.queue.lane_view import LaneViews
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.fanout import SLICE
from booking_rush.server.rooms.subscriber import Subscriber
from booking_rush.server.runtime.metrics import FRAMES, PASSED_OVER

POSITION_S = 1.0  # between two positions of one subscriber, at least
FAR_S = 5.0  # at least, where many are ahead or the place stands still
NEAR = 500  # places from the front, where every second counts

Entry = tuple[int, int, Subscriber]


class Positions:
    """The waiting subscribers of a room by lane and number.

    An entry lives while its number is the one that its subscriber waits under.
    """

    def __init__(self, views: LaneViews, forecast: EventForecast) -> None:
        self._views = views
        self._forecast = forecast
        self._entries: dict[str, list[Entry]] = {}  # by lane

    def add(self, subscriber: Subscriber, place: Waiting) -> None:
        """List a subscriber under the lane and number of its place."""
        if subscriber.place.listed != (place.lane, place.number):
            subscriber.place.listed = (place.lane, place.number)
            entries = self._entries.setdefault(place.lane, [])
            insort(entries, (place.number, id(subscriber), subscriber))

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
        sent = 0
        for lane in list(self._entries):
            sent += await self._send_lane(lane)
        FRAMES.add("queue.position", by=sent)
        return sent

    async def _send_lane(self, lane: str) -> int:
        """Send a lane's, in slices as `fan_out` does."""
        listed = self._entries[lane]
        entries = self._entries[lane] = [entry for entry in listed if _living(lane, entry)]
        if len(entries) < len(listed):
            _unlist(lane, (entry for entry in listed if not _living(lane, entry)))
        sent, now = 0, time.monotonic()
        for at in range(0, len(entries), SLICE):
            sent += sum(
                self._send(subscriber, now) for _, _, subscriber in entries[at : at + SLICE]
            )
            await asyncio.sleep(0)
        return sent

    def _send(self, subscriber: Subscriber, now: float) -> bool:
        """Send a position, if one is due. Return whether it was sent."""
        sent, quiet_s = subscriber.place, now - subscriber.place.sent_at
        if quiet_s < POSITION_S or sent.answering or not isinstance(sent.last, Waiting):
            return False
        lane = sent.last.lane
        ahead = min(self._views.of(lane).ahead(sent.last.number), sent.sent_ahead)
        moved = ahead < sent.sent_ahead and ahead < NEAR
        if quiet_s < FAR_S and not moved:
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


def _unlist(lane: str, entries: Iterable[Entry]) -> None:
    """Let numbers be listed again: after a recovery the same number may wait again."""
    for number, _, subscriber in entries:
        if subscriber.place.listed == (lane, number):
            subscriber.place.listed = ("", 0)


def _living(lane: str, entry: Entry) -> Subscriber | None:
    """Return the subscriber of an entry that lives, or None."""
    number, _, subscriber = entry
    place = subscriber.place.last
    waits = isinstance(place, Waiting) and (place.lane, place.number) == (lane, number)
    return subscriber if waits and subscriber.place.listed == (lane, number) else None
