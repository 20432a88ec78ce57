"""Place updates of a room: its subscribers are sent their places and positions as they change."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

from booking_rush.errors import Refusal
from booking_rush.lua.client import pubsub
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.commands import EventState
from booking_rush.lua.line.commands import Admitted, Late, Lobby, ReadGone, Waiting
from booking_rush.queue.forecast import EventForecast
from booking_rush.queue.keys.signer import Signer
from booking_rush.queue.lane_view import LaneViews
from booking_rush.queue.line import ConnectedPlace, Line, Place
from booking_rush.queue.lottery.seeds import Commitments
from booking_rush.queue.sale_clock import RUNNING, SaleClock
from booking_rush.server.protocol import frames
from booking_rush.server.protocol.places import place_members
from booking_rush.server.rooms.fanout import Background
from booking_rush.server.rooms.positions import Positions
from booking_rush.server.rooms.price_stock import PriceStock
from booking_rush.server.rooms.subscriber import Subscriber, Subscribers, is_same_number
from booking_rush.server.runtime.metrics import FRAMES

log = logging.getLogger(__name__)

OVERDUE_MS = 1_500  # a pass that should have ended so long ago is looked up


class PlaceUpdates:
    """The places' feed of a room: from ticks, news and look-ups to frames.

    It alone writes `Subscriber.place`.
    """

    def __init__(
        self,
        event: str,
        subscribers: Subscribers,
        line: Line,
        batcher: Batcher,
        signer: Signer,
        background: Background,
        stock: PriceStock,
    ) -> None:
        self.forecast = EventForecast()
        self.commitments = Commitments()
        self.sale_clock = RUNNING
        self.journal = (0, "")  # the head of its chain, as the last tick said
        self._event = event
        self._subscribers = subscribers
        self._line = line
        self._batcher = batcher
        self._signer = signer
        self._background = background
        self._stock = stock
        self._views = LaneViews()
        self._positions = Positions(self._views, self.forecast)
        self._unsure: set[Subscriber] = set()  # looked up at the next tick
        self._timed: set[Subscriber] = set()  # were sent a place that ends by itself
        self._state: EventState = "scheduled"  # as Redis published it last
        self._tick_at_ms = 0
        self._lobby: set[Subscriber] = set()
        self._settled: dict[str, int] = {}  # by lane, as the last tick said

    def members(self, visitor: str, place: Place, *, n: int = 0) -> dict[str, Any]:
        """Return `{"place": {…}}`, with the pass of an admitted visitor; `n` is for the receipt."""
        return place_members(
            self._event,
            visitor,
            place,
            signer=self._signer,
            forecast=self.forecast,
            commitments=self.commitments,
            odds=self._stock.odds(place.ahead if isinstance(place, Waiting) else 0),
            n=n,
        )

    # A subscriber's own connection and commands

    async def connect(self, subscriber: Subscriber) -> ConnectedPlace:
        """Mark the visitor as present, and record the place that the welcome will show.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot say just now.
        """
        found = await self._line.connect(subscriber.visitor, socket=subscriber.kind == "socket")
        self._record(subscriber, found.place)
        subscriber.place.present = found.place is not None
        return found

    def disconnect(self, subscriber: Subscriber) -> None:
        """Send this subscriber no more."""
        for some in (self._unsure, self._timed, self._lobby):
            some.discard(subscriber)
        subscriber.place.close()

    def answering(self, subscriber: Subscriber, *, leaves: bool = False) -> "Answering":
        """Send no news of the place while the block answers the subscriber's own command."""
        return Answering(self, subscriber, leaves=leaves)

    def answer(self, subscriber: Subscriber, place: Place, re: str) -> None:
        """Answer `queue.join` or `queue.claim` with the place; both mark the visitor as present."""
        subscriber.place.present = True
        self._send(subscriber, place, re)

    def answer_left(self, subscriber: Subscriber, re: str) -> None:
        """Answer `queue.leave`: there is no place, whether or not there was one."""
        self._record(subscriber, None)
        subscriber.push(frames.frame("queue.left", re))

    def list_waiting(self, subscriber: Subscriber) -> None:
        """Send positions from here on to one that waits, or its number once it is drawn."""
        subscriber.place.answering = False
        if isinstance(place := subscriber.place.last, Lobby):
            if not place.index:
                return  # it is deferred: news of a join tell its number
            self._lobby.add(subscriber)
            if place.index <= self._settled.get(place.lane, 0):
                self._unsure.add(subscriber)
        elif isinstance(place, Waiting):
            self._positions.add(subscriber, place)
            if not self._views.of(place.lane).waits(place.number):
                self._unsure.add(subscriber)

    # Ticks and news

    def apply_tick(self, tick: pubsub.Tick) -> None:
        """Move the lanes to a tick, and look up the subscribers that it leaves unsure."""
        self.apply_state(tick.state)
        self.forecast.apply(tick)
        self.journal = tick.journal
        for lane in self._views.apply_tick(tick.lanes):
            self._background.start(self._read_gone(lane))
        self._tick_at_ms = tick.at
        unsure, self._unsure = self._unsure, set()
        self.look_up({*self._positions.passed(), *unsure, *self._drawn(tick.lanes)})

    def _drawn(self, lanes: Mapping[str, pubsub.LaneTick]) -> list[Subscriber]:
        """Return the subscribers of the lobby that have a number since the last tick."""
        settled = {name: lane.settled for name, lane in lanes.items()}
        if settled == self._settled:
            return []
        self._settled = settled
        places = [(s, s.place.last) for s in self._lobby]
        waiting = [(s, place) for s, place in places if isinstance(place, Lobby)]
        self._lobby = {s for s, _ in waiting}
        return [s for s, place in waiting if place.index <= settled.get(place.lane, 0)]

    def apply_gone(self, gone: pubsub.Gone) -> None:
        """Send the end of a place or pass, and look up the subscribers that head has passed."""
        self._views.of(gone.lane).apply_gone(gone.number, gone.head)
        for subscriber in self._subscribers.of(gone.visitor):
            sent = subscriber.place
            if sent.leaving and gone.reason == "left":
                sent.unlist()  # the answer says so: nobody has to look
                continue
            if sent.answering or sent.last is None or gone.reason == "admitted":
                self._unsure.add(subscriber)
            else:
                self._send_ended(subscriber, gone.reason)
        self.look_up(self._positions.passed())

    def apply_state(self, state: EventState) -> None:
        """Send `queue.expired` `removed` to every place and pass that closing has ended."""
        has_closed = state == "closed" != self._state
        self._state = state
        if not has_closed:
            return
        for subscriber in self._subscribers.every():
            if subscriber.place.answering:
                self._unsure.add(subscriber)
            elif subscriber.place.last is not None:
                self._send_ended(subscriber, "removed")

    # Look-ups

    def restart(self) -> None:
        """Begin a new epoch: forget the lanes, and send every subscriber its place anew."""
        self._views.reset()
        self._settled = {}
        self.look_up(self._subscribers.every(), always=True)

    def doubt(self, subscribers: Iterable[Subscriber]) -> None:
        """Look these up at the next tick."""
        self._unsure.update(subscribers)

    def look_up(self, subscribers: Iterable[Subscriber], *, always: bool = False) -> None:
        """Find places in Redis, and send those that are news to their subscriber (or all)."""
        wanted = list(subscribers)
        if wanted:
            self._background.start(self._look_up(wanted, always))

    def look_up_admitted(self) -> None:
        """Find the passes in Redis again: their ends are other ones since the last tick."""
        self.look_up(s for s in self._timed if isinstance(s.place.last, Admitted))

    async def send_positions(self) -> int:
        """Send due positions. Return how many were sent."""
        self.doubt(s for s in self._timed if _is_doubtful(s, self._tick_at_ms))
        return await self._positions.send()

    async def _look_up(self, subscribers: list[Subscriber], always: bool) -> None:
        found = await asyncio.gather(*map(self._find, subscribers), return_exceptions=True)
        for subscriber, place in zip(subscribers, found, strict=True):
            if not self._subscribers.has(subscriber):
                continue
            if subscriber.place.answering or isinstance(place, Refusal):
                self._unsure.add(subscriber)
            elif isinstance(place, BaseException):
                log.error("look-up failed event=%s", self._event, exc_info=place)
            else:
                self._send_found(subscriber, place, always)

    async def _find(self, subscriber: Subscriber) -> Place | None:
        """Find the place. A visitor that was present before a recovery is marked so again."""
        if subscriber.place.present:
            return await self._line.confirm_presence(subscriber.visitor)
        return await self._line.find(subscriber.visitor)

    async def _read_gone(self, lane: str) -> None:
        """Read a lane's gone numbers after lost news, and look up the subscribers among them."""
        view = self._views.of(lane)
        after, more = view.head, True
        while more:
            try:
                page = await self._batcher.do(ReadGone(after, lane))
            except Refusal:
                return
            view.add_gone(page.ranges)
            after, more = page.after, page.more
        self.look_up(self._positions.gone(lane))

    # Frames

    def _send_found(self, subscriber: Subscriber, place: Place | None, always: bool) -> None:
        kind, reason = change(subscriber.place.last, place, self.sale_clock)
        if kind == "queue.expired":
            reason = "removed" if self._state == "closed" else reason
            subscriber.push(frames.frame(kind, reason=reason))
            self._record(subscriber, place)
        elif place is not None and (kind or always):
            self._send(subscriber, place)
        else:
            self._record(subscriber, place)
        self.list_waiting(subscriber)

    def _send(self, subscriber: Subscriber, place: Place, re: str | None = None) -> None:
        """Send `queue.joined` or `queue.admitted`; other sockets of the visitor are unsure."""
        self._record(subscriber, place)
        self.doubt(s for s in self._subscribers.of(subscriber.visitor) if s is not subscriber)
        kind = "queue.admitted" if isinstance(place, Admitted) else "queue.joined"
        FRAMES.add(kind)
        subscriber.push(frames.frame(kind, re, **self.members(subscriber.visitor, place)))

    def _send_ended(self, subscriber: Subscriber, reason: str) -> None:
        """Send the end of a place or pass; a missed turn leaves a place on the late list."""
        if reason == "left":
            subscriber.push(frames.frame("queue.left"))
        else:
            subscriber.push(frames.frame("queue.expired", reason=reason))
        if reason == "missed":
            subscriber.place.move_to_late()
            self._timed.add(subscriber)  # who may not have been told of the turn
        else:
            self._record(subscriber, None)

    def _record(self, subscriber: Subscriber, place: Place | None) -> None:
        self._calibrate(subscriber, place)
        subscriber.place.record(place, time.monotonic())
        if isinstance(place, Admitted | Late) and self._subscribers.has(subscriber):
            self._timed.add(subscriber)
        else:
            self._timed.discard(subscriber)

    def _calibrate(self, subscriber: Subscriber, place: Place | None) -> None:
        """Remember the forecast with which a wait begins, and count how true it was at its end."""
        sent = subscriber.place
        if isinstance(place, Waiting):
            if sent.forecast is None and (eta := self.forecast.eta(place.ahead)):
                sent.forecast = (time.monotonic(), eta)
            return
        if sent.forecast is not None and isinstance(place, Admitted):
            began, eta = sent.forecast
            self.forecast.calibration.add(eta, time.monotonic() - began)
        sent.forecast = None


class Answering:
    """Block of `PlaceUpdates.answering`: a generator's would take a tenth of a leave's time."""

    __slots__ = ("_places", "_subscriber")

    def __init__(self, places: PlaceUpdates, subscriber: Subscriber, *, leaves: bool) -> None:
        self._places = places
        self._subscriber = subscriber
        subscriber.place.answering, subscriber.place.leaving = True, leaves

    def __enter__(self) -> None:
        """Begin to answer."""

    def __exit__(self, failure: object, *_: object) -> None:
        """Send positions from here on; where leaving has failed the place may be gone or not."""
        place = self._subscriber.place
        if place.leaving and failure:
            self._places.doubt([self._subscriber])
        place.leaving = False
        self._places.list_waiting(self._subscriber)


def _is_doubtful(subscriber: Subscriber, at_ms: int) -> bool:
    """Return whether news may be lost: a pass is overdue, or a late visitor may be back."""
    place = subscriber.place.last
    overdue = isinstance(place, Admitted) and at_ms - place.deadline_ms > OVERDUE_MS
    return overdue or isinstance(place, Late)


def change(sent: Place | None, found: Place | None, clock: SaleClock = RUNNING) -> tuple[str, str]:
    """Return type and reason of the frame due to a subscriber; an empty type: none is due."""
    match sent, found:
        case Waiting(), Waiting():
            return "" if is_same_number(sent, found) else "queue.joined", ""
        case Lobby(), Lobby():
            same = (sent.lane, sent.index) == (found.lane, found.index)
            return "" if same else "queue.joined", ""
        case Admitted(), Admitted():
            same = sent.wave == found.wave and is_same_number(sent, found)
            news = not same or clock.is_news(sent.deadline_ms, found.deadline_ms)
            return "queue.admitted" if news else "", ""
        case Late(), Late():
            return "", ""
        case _, Waiting() | Lobby():
            return "queue.joined", ""
        case _, Admitted():
            return "queue.admitted", ""
        case None, Late():
            return "queue.joined", ""
        case _, Late():
            return "queue.expired", "missed"
        case None, None:
            return "", ""
        case Admitted(), None:
            return "queue.expired", "pass_over"
        case Late(), None:
            return "queue.expired", "late_over"
        case _, None:
            return "queue.expired", "removed"
