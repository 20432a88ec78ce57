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
from booking_rush.queue.event_registry import EventRow
from booking_rush.queue.forecast import Outlook
from booking_rush.queue.lane_view import LaneView
from booking_rush.queue.line import Line, Place
from booking_rush.queue.signer import Signer
from booking_rush.server.protocol import frames
from booking_rush.server.protocol.places import place_members
from booking_rush.server.rooms.booking_updates import Buyers
from booking_rush.server.rooms.fanout import broadcast
from booking_rush.server.rooms.positions import Positions
from booking_rush.server.rooms.seat_map import SeatMap
from booking_rush.server.rooms.subscriber import UNKNOWN, Bought, Guest, news_of
from booking_rush.server.runtime.metrics import FRAMES, RECOVERIES
from booking_rush.timestamps import instant, now

log = logging.getLogger(__name__)

LANE = "main"
OVERDUE_MS = 1_500  # a pass that is over for so long, and nobody has said so, is looked at


class Room:
    """Keeps every guest's knowledge at what Redis says, and tells them when it changes."""

    def __init__(
        self,
        row: EventRow,
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
        self.buyers = Buyers(row.id, self.holds, signer, pool)
        self.outlook = Outlook()
        self.messages: dict[str, dict[str, Any]] = {}  # the last broadcast to each audience
        self._batcher = batcher
        self._gate = batcher.gate
        self._signer = signer
        self._epoch = -1
        self._tick_at = 0
        self._view = LaneView()
        self._positions = Positions(self._view, self.outlook)
        self._guests: dict[str, list[Guest]] = {}
        self._unsure: set[Guest] = set()  # to be looked up at the next tick
        self._told_state: dict[str, Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # Who listens

    def guests(self) -> list[Guest]:
        """Everybody who listens here."""
        return [guest for guests in self._guests.values() for guest in guests]

    async def connect(self, guest: Guest) -> None:
        """Welcome a guest; what changes meanwhile, and from here on, they are told after that.

        While the event is recovered they are welcomed all the same, and told their place after.

        Raises:
            TryAgain, Busy: where they stand cannot be found out just now; nothing was told.
        """
        self._guests.setdefault(guest.visitor, []).append(guest)
        bought: dict[str, Any] = {}
        try:
            arrival = await self.line.connect(guest.visitor, socket=guest.kind == "socket")
            guest.order = (self._gate.epoch, arrival.order)
            guest.learn(arrival.place)
            guest.claimed = guest.place is not None
            if arrival.has_held:
                bought = await self.buyers.welcome(guest)
        except Recovering:
            self._unsure.add(guest)
            guest.owed = True
        guest.push(frames.frame("welcome", **self._welcome(guest), **bought))
        guest.welcomed = True
        self._settle(guest)
        self._catch_up(guest)

    def disconnect(self, guest: Guest) -> None:
        """The guest listens no more."""
        left = [other for other in self._guests.get(guest.visitor, ()) if other is not guest]
        if left:
            self._guests[guest.visitor] = left
        else:
            self._guests.pop(guest.visitor, None)
        self._unsure.discard(guest)
        self.seats.unwatch(guest)
        guest.place, guest.busy = None, True

    def tell(self, guest: Guest, place: Place, re: str | None = None) -> None:
        """Tell a guest where they stand: `queue.joined` or `queue.admitted`."""
        guest.learn(place)
        self._unsure.update(g for g in self._guests.get(guest.visitor, ()) if g is not guest)
        kind = "queue.admitted" if isinstance(place, Admitted) else "queue.joined"
        FRAMES.labels(kind).inc()
        guest.push(frames.frame(kind, re, **self.place_members(guest.visitor, place)))

    @contextmanager
    def asking(self, guest: Guest) -> Generator[None]:
        """While a guest's own command about their place is answered, news wait."""
        guest.busy = True
        try:
            yield
        finally:
            self._settle(guest)

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
        return place_members(self.row.id, visitor, place, signer=self._signer, outlook=self.outlook)

    def _welcome(self, guest: Guest) -> dict[str, Any]:
        members: dict[str, Any] = {
            "visitor": guest.visitor,
            "event": self.row.id,
            "server_time": now(),
            "room": self.state_members(),
        }
        if guest.place is not None:
            members |= self.place_members(guest.visitor, guest.place)
        meant = [self.messages[a] for a in ("all", guest.audience) if a in self.messages]
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
                self._unsure.update(self._guests.get(item.visitor, ()))
            case pubsub.Recorded():
                self.line.watermark.move(item.entry)
            case pubsub.Seats():
                self.seats.take(item)
            case pubsub.Connected():
                for guest in list(self._guests.get(item.visitor, ())):
                    self._on_connected(guest, item)
            case pubsub.Held() | pubsub.Ending() | pubsub.Ended() | pubsub.Booked():
                self._on_bought(self._guests.get(item.visitor, ()), item)
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
            self.seats.doubt()
            self.look_up(self.guests(), always=True)
            self._spawn(self.buyers.look_up(self.guests()))
        self.tell_state()

    def on_row(self, row: EventRow) -> None:
        """Postgres has another version of the event."""
        self.row = row
        self.tell_state()

    def on_message(self, message: dict[str, Any], audience: str) -> None:
        """An operator said something: tell it, and keep it for who connects within the hour."""
        self.messages[audience] = message
        meant = [guest for guest in self.guests() if audience in ("all", guest.audience)]
        self._spawn(broadcast(meant, frames.frame("room.message", **message)))

    def tell_state(self) -> None:
        """Tell everybody the room's state, when it is another than they were told."""
        members = self.state_members()
        if members != self._told_state:
            self._told_state = members
            self._spawn(broadcast(self.guests(), frames.frame("room.state", **members)))

    def look_up(self, guests: Iterable[Guest], *, always: bool = False) -> None:
        """Ask Redis where these stand, and tell those who do not know it (or everybody)."""
        wanted = list(guests)
        if wanted:
            self._spawn(self._look_up(wanted, always))

    async def send_bookings(self) -> int:
        """Read again the bookings that guests wait for, so that a lost notice costs seconds."""
        await self._make_up([guest for guest in self.guests() if guest.owed])
        return await self.buyers.read_again(self.guests())

    async def send_positions(self) -> int:
        """Tell who waits how many are before them, where it is time to."""
        self._unsure.update(guest for guest in self.guests() if _doubtful(guest, self._tick_at))
        return await self._positions.send()

    def _on_tick(self, tick: pubsub.Tick) -> None:
        self.outlook.take(tick)
        self.line.watermark.move(tick.recorded)
        if not self._view.tick(tick.lanes[LANE]):
            self._spawn(self._read_gone())
        self._tick_at = tick.at
        unsure, self._unsure = self._unsure, set()
        self.look_up({*self._positions.passed(), *unsure})

    def _on_gone(self, gone: pubsub.Gone) -> None:
        self._view.drop(gone.number, gone.head)
        for guest in self._guests.get(gone.visitor, ()):
            if guest.busy or guest.place is None or gone.reason == "admitted":
                self._unsure.add(guest)
            else:
                self._part(guest, gone.reason)
        self.look_up(self._positions.passed())

    def _on_connected(self, guest: Guest, item: pubsub.Connected) -> None:
        if not guest.welcomed and guest.order == UNKNOWN:
            guest.unheard.append(item)
        elif guest.kind == "socket" and guest.order < (item.epoch, item.order):
            guest.end(frames.REPLACED, "a newer socket of yours is open")

    def _on_bought(self, guests: Sequence[Guest], item: Bought) -> None:
        for guest in guests:
            if not guest.welcomed:
                guest.unheard.append(item)
        self._spawn(self.buyers.on_news([one for one in guests if one.welcomed], item))

    def _catch_up(self, guest: Guest) -> None:
        """Take what happened while a guest was welcomed; the welcome may be of before."""
        unheard, guest.unheard = guest.unheard, []
        for item in unheard:
            if item.epoch != self._epoch:
                continue
            if isinstance(item, pubsub.Connected):
                self._on_connected(guest, item)
            else:
                self._on_bought([guest], item)
        if guest.order[0] != self._epoch:  # what was found then may be lost since
            self._unsure.add(guest)
            guest.owed = True
            self._spawn(self._make_up([guest]))

    async def _make_up(self, guests: Sequence[Guest]) -> None:
        """Look up what these hold and have booked, where it can be found out just now."""
        if self._gate.is_open:
            await self.buyers.look_up(guests)

    def _part(self, guest: Guest, reason: str) -> None:
        """A place or pass has ended; a missed turn is kept on the late list for a while."""
        if reason == "left":
            guest.push(frames.frame("queue.left"))
        else:
            guest.push(frames.frame("queue.expired", reason=reason))
        if reason == "missed":
            guest.miss()
        else:
            guest.learn(None)

    def _settle(self, guest: Guest) -> None:
        """Count a guest who waits among those who are told positions."""
        guest.busy = False
        if isinstance(guest.place, Waiting):
            self._positions.add(guest, guest.place.number)
            if not self._view.waits(guest.place.number):
                self._unsure.add(guest)

    async def _look_up(self, guests: list[Guest], always: bool) -> None:
        found = await asyncio.gather(*(self._find(g) for g in guests), return_exceptions=True)
        for guest, place in zip(guests, found, strict=True):
            if guest.busy or isinstance(place, Refusal):
                self._unsure.add(guest)
            elif isinstance(place, BaseException):
                log.error("look-up failed event=%s", self.row.id, exc_info=place)
            else:
                self._inform(guest, place, always)
        self._unsure.intersection_update(self.guests())

    async def _find(self, guest: Guest) -> Place | None:
        """Who was heard of before a recovery is still here; anybody else is only looked at."""
        if guest.claimed:
            return await self.line.claim(guest.visitor)
        return await self.line.find(guest.visitor)

    def _inform(self, guest: Guest, place: Place | None, always: bool) -> None:
        kind, _, reason = news_of(guest.place, place).partition(" ")
        if kind == "queue.expired":
            guest.push(frames.frame(kind, reason=reason))
            guest.learn(place)
        elif place is not None and (kind or always):
            self.tell(guest, place)
        else:
            guest.learn(place)
        self._settle(guest)

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


def _doubtful(guest: Guest, at_ms: int) -> bool:
    """Whether news may have been lost: a pass should be over, or a late turn may have come."""
    overdue = isinstance(guest.place, Admitted) and at_ms - guest.place.deadline_ms > OVERDUE_MS
    return overdue or isinstance(guest.place, Late)
