"""One event as this process knows it: its gate, its last tick, who listens, what they know."""

import asyncio
import logging
from collections.abc import Coroutine, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

from booking_rush.booking.holds.holds import Holds
from booking_rush.errors import Recovering, Refusal
from booking_rush.lua.client import pubsub
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.line.commands import Admitted, Late, ReadGone, Waiting
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRecord
from booking_rush.queue.forecast import EventForecast
from booking_rush.queue.lane_view import MAIN, LaneView
from booking_rush.queue.line import Line, Place
from booking_rush.queue.signer import Signer
from booking_rush.server.protocol import frames
from booking_rush.server.protocol.places import place_members
from booking_rush.server.rooms.booking_updates import BookingUpdates
from booking_rush.server.rooms.fanout import fan_out
from booking_rush.server.rooms.positions import Positions
from booking_rush.server.rooms.seat_map import SeatMap
from booking_rush.server.rooms.subscriber import UNKNOWN, Bought, Subscriber, frame_for
from booking_rush.server.runtime.metrics import FRAMES, RECOVERIES
from booking_rush.timestamps import instant, now

log = logging.getLogger(__name__)

OVERDUE_MS = 1_500  # a pass that is over for so long, and nobody has said so, is looked at


class Room:
    """Keeps every guest's knowledge at what Redis says, and tells them when it changes."""

    def __init__(
        self,
        row: EventRecord,
        batcher: Batcher,
        signer: Signer,
        pool: Pool,
        methods: frozenset[str],
    ) -> None:
        self.row = row
        self.methods = methods  # of payment
        self.line = Line(batcher)
        self.holds = Holds(row.id, batcher, self.line.watermark, pool)
        self.seats = SeatMap(batcher)
        self.bookings = BookingUpdates(row.id, self.holds, signer, pool)
        self.forecast = EventForecast()
        self.messages: dict[str, dict[str, Any]] = {}  # the last broadcast to each audience
        self._batcher = batcher
        self._gate = batcher.gate
        self._signer = signer
        self._epoch = -1
        self._tick_at = 0
        self._view = LaneView()
        self._positions = Positions(self._view, self.forecast)
        self._subscribers: dict[str, list[Subscriber]] = {}
        self._unsure: set[Subscriber] = set()  # to be looked up at the next tick
        self._sent_state: dict[str, Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # Who listens

    def subscribers(self) -> list[Subscriber]:
        """Everybody who listens here."""
        return [
            subscriber for subscribers in self._subscribers.values() for subscriber in subscribers
        ]

    async def connect(self, subscriber: Subscriber) -> None:
        """Welcome a guest; what changes meanwhile, and from here on, they are told after that.

        While the event is recovered they are welcomed all the same, and told their place after.

        Raises:
            TryAgain, Busy: where they stand cannot be found out just now; nothing was told.
        """
        self._subscribers.setdefault(subscriber.visitor, []).append(subscriber)
        bought: dict[str, Any] = {}
        try:
            arrival = await self.line.connect(
                subscriber.visitor, socket=subscriber.kind == "socket"
            )
            subscriber.connection = (self._gate.epoch, arrival.connection)
            subscriber.learn(arrival.place)
            subscriber.present = subscriber.place is not None
            if arrival.has_held:
                bought = await self.bookings.welcome(subscriber)
        except Recovering:
            self._unsure.add(subscriber)
            subscriber.needs_resend = True
        subscriber.push(frames.frame("welcome", **self._welcome(subscriber), **bought))
        subscriber.welcomed = True
        self._list_waiting(subscriber)
        self._replay_missed(subscriber)

    def disconnect(self, subscriber: Subscriber) -> None:
        """The guest listens no more."""
        left = [
            other
            for other in self._subscribers.get(subscriber.visitor, ())
            if other is not subscriber
        ]
        if left:
            self._subscribers[subscriber.visitor] = left
        else:
            self._subscribers.pop(subscriber.visitor, None)
        self._unsure.discard(subscriber)
        self.seats.unwatch(subscriber)
        subscriber.place, subscriber.answering = None, True

    def send_place(self, subscriber: Subscriber, place: Place, re: str | None = None) -> None:
        """Tell a guest where they stand: `queue.joined` or `queue.admitted`."""
        subscriber.learn(place)
        self._unsure.update(
            g for g in self._subscribers.get(subscriber.visitor, ()) if g is not subscriber
        )
        kind = "queue.admitted" if isinstance(place, Admitted) else "queue.joined"
        FRAMES.labels(kind).inc()
        subscriber.push(frames.frame(kind, re, **self.place_members(subscriber.visitor, place)))

    @contextmanager
    def answering(self, subscriber: Subscriber) -> Generator[None]:
        """While a guest's own command about their place is answered, news wait."""
        subscriber.answering = True
        try:
            yield
        finally:
            self._list_waiting(subscriber)

    # What is shown

    def state_members(self) -> dict[str, Any]:
        """`{state, opens_at?, reason?}`, as this process may tell it."""
        if not self._gate.is_open:
            return {"state": "recovering"}
        members: dict[str, Any] = {"state": self.row.state}
        if self.row.opens_at is not None:
            members["opens_at"] = instant(self.row.opens_at)
        if self.row.reason:
            members["reason"] = self.row.reason
        return members

    def place_members(self, visitor: str, place: Place) -> dict[str, Any]:
        """`{"place": {…}}`, with the pass of who is admitted."""
        return place_members(
            self.row.id, visitor, place, signer=self._signer, forecast=self.forecast
        )

    def _welcome(self, subscriber: Subscriber) -> dict[str, Any]:
        members: dict[str, Any] = {
            "visitor": subscriber.visitor,
            "event": self.row.id,
            "server_time": now(),
            "room": self.state_members(),
        }
        if subscriber.place is not None:
            members |= self.place_members(subscriber.visitor, subscriber.place)
        meant = [self.messages[a] for a in ("all", subscriber.audience) if a in self.messages]
        if meant:
            members["message"] = max(meant, key=lambda message: str(message["at"]))
        return members

    # What changes

    def on_news(self, item: pubsub.AnyNews) -> None:
        """Take one tick or one news; those of another epoch are of another life."""
        if item.epoch != self._epoch or not self._gate.is_open:
            return
        match item:
            case pubsub.Tick():
                self._on_tick(item)
            case pubsub.Gone():
                self._on_gone(item)
            case pubsub.Joined():
                self._unsure.update(self._subscribers.get(item.visitor, ()))
            case pubsub.Recorded():
                self.line.watermark.move(item.entry)
            case pubsub.Seats():
                self.seats.apply(item)
            case pubsub.Connected():
                for subscriber in list(self._subscribers.get(item.visitor, ())):
                    self._on_connected(subscriber, item)
            case pubsub.Held() | pubsub.Ending() | pubsub.Ended() | pubsub.Booked():
                self._on_bought(self._subscribers.get(item.visitor, ()), item)
            case _:
                pass  # rules and messages come by way of Postgres, see Rooms

    def on_gate(self) -> None:
        """The gate is shut, or open, or open on another life of the data."""
        epoch = self._gate.epoch
        if epoch not in (self._epoch, -1):
            if self._epoch != -1:
                RECOVERIES.labels(self.row.id).inc()
            self._epoch = epoch
            self.line.watermark.restart(Recovering(f"{self.row.id} was recovered: ask again"))
            self._view.forget()
            self.seats.invalidate()
            self.look_up(self.subscribers(), always=True)
            self._spawn(self.bookings.look_up(self.subscribers()))
        self.send_state()

    def on_row(self, row: EventRecord) -> None:
        """Postgres has another version of the event."""
        self.row = row
        self.send_state()

    def on_message(self, message: dict[str, Any], audience: str) -> None:
        """An operator said something: tell it, and keep it for who connects within the hour."""
        self.messages[audience] = message
        meant = [
            subscriber
            for subscriber in self.subscribers()
            if audience in ("all", subscriber.audience)
        ]
        self._spawn(fan_out(meant, frames.frame("room.message", **message)))

    def send_state(self) -> None:
        """Tell everybody the room's state, when it is another than they were told."""
        members = self.state_members()
        if members != self._sent_state:
            self._sent_state = members
            self._spawn(fan_out(self.subscribers(), frames.frame("room.state", **members)))

    def look_up(self, subscribers: Iterable[Subscriber], *, always: bool = False) -> None:
        """Ask Redis where these stand, and tell those who do not know it (or everybody)."""
        wanted = list(subscribers)
        if wanted:
            self._spawn(self._look_up(wanted, always))

    async def send_bookings(self) -> int:
        """Read again the bookings that guests wait for, so that a lost notice costs seconds."""
        await self._send_missed(
            [subscriber for subscriber in self.subscribers() if subscriber.needs_resend]
        )
        return await self.bookings.send_missed(self.subscribers())

    async def send_positions(self) -> int:
        """Tell who waits how many are before them, where it is time to."""
        self._unsure.update(
            subscriber for subscriber in self.subscribers() if _doubtful(subscriber, self._tick_at)
        )
        return await self._positions.send()

    def _on_tick(self, tick: pubsub.Tick) -> None:
        self.forecast.apply(tick)
        self.line.watermark.move(tick.recorded)
        if not self._view.tick(tick.lanes[MAIN]):
            self._spawn(self._read_gone())
        self._tick_at = tick.at
        unsure, self._unsure = self._unsure, set()
        self.look_up({*self._positions.passed(), *unsure})

    def _on_gone(self, gone: pubsub.Gone) -> None:
        self._view.drop(gone.number, gone.head)
        for subscriber in self._subscribers.get(gone.visitor, ()):
            if subscriber.answering or subscriber.place is None or gone.reason == "admitted":
                self._unsure.add(subscriber)
            else:
                self._send_ended(subscriber, gone.reason)
        self.look_up(self._positions.passed())

    def _on_connected(self, subscriber: Subscriber, item: pubsub.Connected) -> None:
        if not subscriber.welcomed and subscriber.connection == UNKNOWN:
            subscriber.pending_news.append(item)
        elif subscriber.kind == "socket" and subscriber.connection < (item.epoch, item.connection):
            subscriber.end(frames.REPLACED, "a newer socket of yours is open")

    def _on_bought(self, subscribers: Sequence[Subscriber], item: Bought) -> None:
        for subscriber in subscribers:
            if not subscriber.welcomed:
                subscriber.pending_news.append(item)
        self._spawn(self.bookings.on_news([one for one in subscribers if one.welcomed], item))

    def _replay_missed(self, subscriber: Subscriber) -> None:
        """Take what happened while a guest was welcomed; the welcome may be of before."""
        unheard, subscriber.pending_news = subscriber.pending_news, []
        for item in unheard:
            if item.epoch != self._epoch:
                continue
            if isinstance(item, pubsub.Connected):
                self._on_connected(subscriber, item)
            else:
                self._on_bought([subscriber], item)
        if subscriber.connection[0] != self._epoch:  # what was found then may be lost since
            self._unsure.add(subscriber)
            subscriber.needs_resend = True
            self._spawn(self._send_missed([subscriber]))

    async def _send_missed(self, subscribers: Sequence[Subscriber]) -> None:
        """Look up what these hold and have booked, where it can be found out just now."""
        if self._gate.is_open:
            await self.bookings.look_up(subscribers)

    def _send_ended(self, subscriber: Subscriber, reason: str) -> None:
        """A place or pass has ended; a missed turn is kept on the late list for a while."""
        if reason == "left":
            subscriber.push(frames.frame("queue.left"))
        else:
            subscriber.push(frames.frame("queue.expired", reason=reason))
        if reason == "missed":
            subscriber.move_to_late()
        else:
            subscriber.learn(None)

    def _list_waiting(self, subscriber: Subscriber) -> None:
        """Count a guest who waits among those who are told positions."""
        subscriber.answering = False
        if isinstance(subscriber.place, Waiting):
            self._positions.add(subscriber, subscriber.place.number)
            if not self._view.waits(subscriber.place.number):
                self._unsure.add(subscriber)

    async def _look_up(self, subscribers: list[Subscriber], always: bool) -> None:
        found = await asyncio.gather(*(self._find(g) for g in subscribers), return_exceptions=True)
        for subscriber, place in zip(subscribers, found, strict=True):
            if subscriber.answering or isinstance(place, Refusal):
                self._unsure.add(subscriber)
            elif isinstance(place, BaseException):
                log.error("look-up failed event=%s", self.row.id, exc_info=place)
            else:
                self._inform(subscriber, place, always)
        self._unsure.intersection_update(self.subscribers())

    async def _find(self, subscriber: Subscriber) -> Place | None:
        """Who was heard of before a recovery is still here; anybody else is only looked at."""
        if subscriber.present:
            return await self.line.confirm_presence(subscriber.visitor)
        return await self.line.find(subscriber.visitor)

    def _inform(self, subscriber: Subscriber, place: Place | None, always: bool) -> None:
        kind, _, reason = frame_for(subscriber.place, place).partition(" ")
        if kind == "queue.expired":
            subscriber.push(frames.frame(kind, reason=reason))
            subscriber.learn(place)
        elif place is not None and (kind or always):
            self.send_place(subscriber, place)
        else:
            subscriber.learn(place)
        self._list_waiting(subscriber)

    async def _read_gone(self) -> None:
        """News were lost: read the numbers beyond head again, and look who of ours is gone."""
        after, more = self._view.head, True
        while more:
            try:
                page = await self._batcher.do(ReadGone(after))
            except Refusal:
                return
            self._view.learn(page.numbers)
            after, more = max([after, *page.numbers]), page.more
        self.look_up(self._positions.gone())

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Do something beside, and keep it from being forgotten."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _doubtful(subscriber: Subscriber, at_ms: int) -> bool:
    """Whether news may have been lost: a pass should be over, or a late turn may have come."""
    overdue = (
        isinstance(subscriber.place, Admitted) and at_ms - subscriber.place.deadline_ms > OVERDUE_MS
    )
    return overdue or isinstance(subscriber.place, Late)
