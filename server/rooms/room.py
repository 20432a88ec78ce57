"""One event in this process: its state, its subscribers, and the three feeds that they are sent."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from booking_rush.booking.holds.holds import Holds
from booking_rush.booking.joining.ban_list import Ban
from booking_rush.booking.joining.joining import JoinChecks, Joining
from booking_rush.booking.joining.preferences import Preference, Preferences
from booking_rush.errors import Recovering
from booking_rush.lua.client import pubsub
from booking_rush.postgres import Pool
from booking_rush.queue.archived_event import EventBatcher
from booking_rush.queue.event_registry import EventRecord
from booking_rush.queue.join_checks.address_blocks import parse_address
from booking_rush.queue.keys.signer import Signer
from booking_rush.queue.lanes import lane_members
from booking_rush.queue.line import Line, NotInLine
from booking_rush.queue.lottery.seeds import Commitments
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.availability import Availability
from booking_rush.server.rooms.booking_updates import BookingUpdates
from booking_rush.server.rooms.fanout import Background, fan_out
from booking_rush.server.rooms.place_updates import PlaceUpdates
from booking_rush.server.rooms.price_stock import PriceStock
from booking_rush.server.rooms.seat_map import SeatMap
from booking_rush.server.rooms.seat_reader import SeatReader
from booking_rush.server.rooms.subscriber import UNKNOWN, BookingNews, Subscriber, Subscribers
from booking_rush.server.runtime.metrics import FRAMES, RECOVERIES
from booking_rush.timestamps import instant, now

UNKNOWN_MS = -1
CHANGES_OF_SEATS = frozenset({pubsub.Seats, pubsub.RulesChanged})


class Room:
    """Three equal feeds, `places`, `seats` and `bookings`, and the junction of news to them.

    Handlers use a feed, `joining`, the `line` or the `holds` directly: `room.seats.watch(…)`. The
    room itself welcomes subscribers, and sends them the event's state and broadcasts.
    """

    def __init__(
        self,
        row: EventRecord,
        batcher: EventBatcher,
        signer: Signer,
        pool: Pool,
        methods: frozenset[str],
        checks: JoinChecks,
        preferences: Preferences,
    ) -> None:
        self.row = row
        self.methods = methods  # of payment
        self.broadcasts: dict[str, dict[str, Any]] = {}  # the last one to each audience
        self._subscribers = Subscribers()
        self._preferences = preferences
        self._background = Background()
        self._gate = batcher.gate
        self._epoch = -1
        self._stopped_ms = UNKNOWN_MS  # how long the sale stood still, as the last tick said
        self._sent_state: dict[str, Any] = {}
        self.line = Line(batcher)
        self.joining = Joining(row.id, self.line, checks)
        self.holds = Holds(row.id, batcher, self.line.watermark, pool)
        self.stock = PriceStock(row.id, batcher, pool)
        self.places = PlaceUpdates(
            row.id, self._subscribers, self.line, batcher, signer, self._background, self.stock
        )
        reader = SeatReader(row.id, batcher, pool)
        self.seats = SeatMap(reader)
        self.availability = Availability(reader)
        self.bookings = BookingUpdates(row.id, self.holds, signer, pool)
        self._inform_feeds()

    # Subscribers

    @property
    def is_occupied(self) -> bool:
        """Return whether there is a subscriber in this process."""
        return bool(self._subscribers)

    def subscribers(self) -> list[Subscriber]:
        """Return every subscriber of this process."""
        return self._subscribers.every()

    def subscribers_of(self, visitor: str) -> Sequence[Subscriber]:
        """Return the visitor's subscribers of this process, the oldest first."""
        return self._subscribers.of(visitor)

    async def connect(self, subscriber: Subscriber) -> None:
        """Send the welcome, and after it the news that came meanwhile, and all later ones.

        While the event is recovered the welcome has no place; it is sent when it is found.

        Raises:
            TryAgain, Busy: the place cannot be found just now; nothing was sent.
        """
        self._subscribers.add(subscriber)
        members: dict[str, Any] = {}
        stock = await self.stock.members()
        try:
            found = await self.places.connect(subscriber)
            subscriber.connection = (self._gate.epoch, found.connection)
            if found.has_held:
                members = await self.bookings.welcome(subscriber)
            members |= await self._preferred(subscriber)
        except Recovering:
            self._look_up_later(subscriber)
        subscriber.push(frames.frame("welcome", **self._welcome(subscriber), **members, **stock))
        subscriber.welcomed = True
        self.places.list_waiting(subscriber)
        self._apply_pending(subscriber)

    async def prefer(self, subscriber: Subscriber, preference: Preference) -> None:
        """Remember what a visitor who has a place would like.

        Raises:
            NotInLine: the visitor has none.
            TryAgain: Redis did not answer.
        """
        if subscriber.place.last is None:
            raise NotInLine
        await self._preferences.save(self.row.id, subscriber.visitor, preference)

    async def _preferred(self, subscriber: Subscriber) -> dict[str, Any]:
        """Return `{"preferred": {…}}` of a visitor who has a place and has said so, or nothing."""
        if subscriber.place.last is None:
            return {}
        found = await self._preferences.find(self.row.id, subscriber.visitor)
        return {"preferred": found} if found else {}

    async def remove_banned(self, ban: Ban) -> None:
        """Remove the places of subscribers here whose address is in a banned block."""
        address_of = {one.visitor: parse_address(one.address) for one in self.subscribers()}
        await self.remove({one for one, at in address_of.items() if ban.is_of("", at)}, ban.who)

    async def remove(self, visitors: Collection[str], who: str) -> None:
        """Remove the places of visitors for an operator, of those who have one."""
        removals = (self.line.remove(visitor, by=who) for visitor in visitors)
        for outcome in await asyncio.gather(*removals, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, NotInLine):
                raise outcome

    def disconnect(self, subscriber: Subscriber) -> None:
        """Send this subscriber no more."""
        self._subscribers.remove(subscriber)
        self.places.disconnect(subscriber)
        self.seats.unwatch(subscriber)

    def _welcome(self, subscriber: Subscriber) -> dict[str, Any]:
        members: dict[str, Any] = {
            "visitor": subscriber.visitor,
            "event": self.row.id,
            "server_time": now(),
            "room": {**self.state_members(), "lanes": self.lanes_members(), **self._head_members()},
        }
        if (place := subscriber.place.last) is not None:
            members |= self.places.members(subscriber.visitor, place)
        audiences = ("all", subscriber.audience)
        meant = [self.broadcasts[a] for a in audiences if a in self.broadcasts]
        if meant:
            members["message"] = max(meant, key=lambda message: str(message["at"]))
        return members

    def _apply_pending(self, subscriber: Subscriber) -> None:
        """Apply the news that came before the welcome was sent; it may show the time before."""
        pending, subscriber.pending_news = subscriber.pending_news, []
        for news in pending:
            if news.epoch != self._epoch:
                continue
            if isinstance(news, pubsub.Connected):
                self._apply_connected(subscriber, news)
            else:
                self._apply_booking_news([subscriber], news)
        if subscriber.connection[0] != self._epoch:  # the place of the welcome may be lost since
            self._look_up_later(subscriber)
            self._background.start(self._resend([subscriber]))

    def _look_up_later(self, subscriber: Subscriber) -> None:
        self.places.doubt([subscriber])
        self.bookings.resend_later(subscriber)

    # News

    def apply(self, news: pubsub.AnyNews) -> None:
        """Hand a tick or a news to its feed; those of another epoch are void."""
        if type(news) in CHANGES_OF_SEATS:
            self.availability.invalidate()
        if news.epoch != self._epoch or not self._gate.is_open:
            return
        match news:  # the most frequent first
            case pubsub.Ended() | pubsub.Held() | pubsub.Ending() | pubsub.Booked():
                self._apply_booking_news(self._subscribers.of(news.visitor), news)
            case pubsub.Recorded():
                self.line.watermark.move(news.entry)
            case pubsub.Seats():
                self.seats.apply(news)
            case pubsub.Tick():
                self.line.watermark.move(news.recorded)
                self._apply_clock(news.stopped_ms)
                self.places.apply_tick(news)
            case pubsub.Gone():
                self.places.apply_gone(news)
            case pubsub.Joined():
                self.places.doubt(self._subscribers.of(news.visitor))
            case pubsub.RulesChanged():
                self.places.apply_state(news.state)
                self.seats.expect_sections()
            case pubsub.Connected():
                for subscriber in self._subscribers.of(news.visitor):
                    self._apply_connected(subscriber, news)
            case _:
                pass  # the registry applies broadcasts, as Postgres has them

    def invalidate(self) -> None:
        """Look up every place, and read the seats again: news may be lost."""
        self.places.look_up(self.subscribers())
        self.seats.invalidate()
        self.availability.invalidate()

    async def send_stock(self) -> None:
        """Send the stock by price to every subscriber, when a word of it has changed."""
        if (frame := await self.stock.changed_frame()) is not None:
            FRAMES.add("queue.stock", by=len(self._subscribers))
            await fan_out(self.subscribers(), frame)

    async def send_bookings(self) -> int:
        """Send bookings whose news were lost, some seconds later. Return how many changed."""
        await self._resend([s for s in self.subscribers() if s.booking.needs_resend])
        return await self.bookings.send_missed(self.subscribers())

    def _apply_clock(self, stopped_ms: int) -> None:
        """Send places and holds anew where the sale has stood still: their ends are later by it."""
        has_moved = self._stopped_ms not in (UNKNOWN_MS, stopped_ms)
        self._stopped_ms = stopped_ms
        if has_moved:
            self.places.look_up_admitted()
            self._background.start(self.bookings.look_up(self.subscribers()))

    def _apply_connected(self, subscriber: Subscriber, news: pubsub.Connected) -> None:
        """End a socket of the visitor that is older than the one that has connected."""
        if not subscriber.welcomed and subscriber.connection == UNKNOWN:
            subscriber.pending_news.append(news)
        elif subscriber.kind == "socket" and subscriber.connection < (news.epoch, news.connection):
            subscriber.end(frames.REPLACED, "a newer socket of yours is open")

    def _apply_booking_news(self, subscribers: Sequence[Subscriber], news: BookingNews) -> None:
        welcomed: list[Subscriber] = []
        for subscriber in subscribers:  # none, where the visitor is at another process
            if subscriber.welcomed:
                welcomed.append(subscriber)
            else:
                subscriber.pending_news.append(news)
        if not welcomed:
            return
        if isinstance(news, pubsub.Booked):
            self._background.start(self.bookings.send_changed(welcomed, UUID(news.booking)))
        elif isinstance(news, pubsub.Held) and news.given_back:
            self._background.start(self.bookings.send_given_back(welcomed))
        else:
            self.bookings.apply(welcomed, news)

    async def _resend(self, subscribers: Sequence[Subscriber]) -> None:
        """Send hold and booking, where Redis can say them just now."""
        if self._gate.is_open:
            await self.bookings.look_up(subscribers)

    # State and broadcasts

    def state_members(self) -> dict[str, Any]:
        """Return `{state, fairness, …}` as the contract's `Room`, or that Redis is loaded."""
        if not (self._gate.is_open or self.row.archived):
            return {"state": "recovering"}
        members: dict[str, Any] = {"state": self.row.state}
        if self.row.opens_at is not None:
            members["opens_at"] = instant(self.row.opens_at)
        if self.row.reason:
            members["reason"] = self.row.reason
        if self.row.halted:
            members["halted"] = True
        return members | self.row.order_members() | self.row.sale_clock.members()

    def _head_members(self) -> dict[str, Any]:
        """Return `{"journal": {n, hash}}`: the head of its chain, as the last tick said."""
        n, hash_ = self.places.journal
        return {"journal": {"n": n, "hash": hash_}} if n else {}

    def lanes_members(self) -> list[dict[str, Any]]:
        """Return `[{lane, weight, waiting, share, eta_seconds}]`, as rules and last tick say."""
        forecast = self.places.forecast
        return lane_members(self.row.lanes, forecast.lanes, forecast.eta)

    def apply_row(self, row: EventRecord) -> None:
        """Apply another version of the event's row in Postgres."""
        self.row = row
        self._inform_feeds()
        self.holds.shows.invalidate()
        self._background.start(self.holds.shows.refresh())
        self._send_state()

    def _inform_feeds(self) -> None:
        """Tell the feeds what they need of the event's row."""
        self.joining.identity = self.row.identity
        self.places.commitments = Commitments(self.row.lottery, self.row.windows)
        self.places.sale_clock = self.bookings.sale_clock = self.row.sale_clock

    def apply_gate(self) -> None:
        """Apply the gate: it is shut, or open, or open on another epoch."""
        epoch = self._gate.epoch
        if epoch not in (self._epoch, -1):
            if self._epoch != -1:
                RECOVERIES.labels(self.row.id).inc()
            self._epoch = epoch
            refusal = Recovering(f"{self.row.id} was recovered: ask again")
            self.line.watermark.restart(refusal, epoch)
            self.places.restart()
            self.seats.invalidate()
            self._background.start(self.bookings.look_up(self.subscribers()))
        self._send_state()

    def send_broadcast(self, message: dict[str, Any], audience: str) -> int:
        """Send an operator's broadcast, and keep it for the welcomes of the next hour.

        Return the number of open pages that it is sent to, with those that are welcomed by it.
        """
        self.broadcasts[audience] = message
        meant = [s for s in self.subscribers() if audience in ("all", s.audience)]
        self._background.start(fan_out(meant, frames.frame("room.message", **message)))
        return len(meant)

    def drop_broadcasts(self, oldest: str) -> None:
        """Show broadcasts from before a moment (RFC 3339) in no more welcomes."""
        for audience, message in list(self.broadcasts.items()):
            if str(message["at"]) < oldest:
                del self.broadcasts[audience]

    def _send_state(self) -> None:
        """Send the event's state and lanes to every subscriber, when they are news."""
        members = self.state_members()
        if {**members, "weights": self.row.lanes} != self._sent_state:
            self._sent_state = {**members, "weights": self.row.lanes}
            frame = frames.frame("room.state", **members, lanes=self.lanes_members())
            self._background.start(fan_out(self.subscribers(), frame))
