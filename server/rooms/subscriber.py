"""Subscriber of a room: one socket or stream of a visitor, and the record of what it was sent."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from uuid import UUID

from booking_rush.lua.client import pubsub
from booking_rush.lua.line.commands import Admitted, Late, Lobby, PlaceReply, Waiting
from booking_rush.queue.line import Place
from booking_rush.token_bucket import TokenBucket

Audience = Literal["waiting", "admitted"]
HoldNews = pubsub.Held | pubsub.Ending | pubsub.Ended
BookingNews = HoldNews | pubsub.Booked
VisitorNews = BookingNews | pubsub.Connected
UNKNOWN = (-1, 0)
NOT_LISTED = ("", 0)  # no positions are sent
SNAPSHOTS_PER_SECOND, SNAPSHOTS_BURST = 1, 5


def snapshot_bucket() -> TokenBucket:
    """Return the bucket of the snapshots of seats that one subscriber is sent."""
    return TokenBucket(SNAPSHOTS_PER_SECOND, SNAPSHOTS_BURST, time.monotonic())


def is_same_number(one: Place, other: Place) -> bool:
    """Return whether two places have the same number of the same lane."""
    return (one.lane, one.number) == (other.lane, other.number)


@dataclass(slots=True)
class PlaceSent:
    """The place that a subscriber was sent last. Written by PlaceUpdates and its Positions alone.

    Time is monotonic, in seconds.
    """

    last: Place | None = None
    present: bool = False  # the visitor is known to be there since the pass was given
    answering: bool = True  # a welcome or an answer is on its way: news of the place wait for it
    leaving: bool = False  # that answer is to their own leave, which says that the place is gone
    listed: tuple[str, int] = NOT_LISTED  # lane and number under which positions are sent
    sent_ahead: int = 0
    sent_at: float = 0.0
    forecast: tuple[float, tuple[int, int]] | None = None  # the first one of this wait, and when

    def record(self, place: Place | None, now: float) -> None:
        """Record the place that is being sent; its `ahead` never grows while its number stays."""
        if isinstance(place, Waiting):
            same = isinstance(self.last, Waiting) and is_same_number(self.last, place)
            self.record_position(min(self.sent_ahead, place.ahead) if same else place.ahead, now)
        if not isinstance(place, Admitted):
            self.present = False
        self.last = place

    def record_position(self, ahead: int, now: float) -> None:
        """Record the position that is being sent."""
        self.sent_ahead, self.sent_at = ahead, now

    def move_to_late(self) -> None:
        """Record that the turn was missed: the place is on the late list for a while."""
        if self.last is not None:
            shared = {name: getattr(self.last, name) for name in PlaceReply.__struct_fields__}
            self.last, self.present = Late(**shared), False

    def unlist(self) -> None:
        """Record that no positions are sent under the number of before."""
        self.listed = NOT_LISTED

    def close(self) -> None:
        """Record that nothing can be sent any more."""
        self.last, self.answering = None, True


class BookingVersion(NamedTuple):
    """One state of a booking, as far as its subscribers can tell two apart.

    A client secret comes between two steps, so `can_pay` is part of it.
    """

    id: UUID
    step: int
    can_pay: bool


@dataclass(slots=True)
class BookingSent:
    """The hold and the booking that a subscriber was sent last. Written by BookingUpdates alone."""

    hold: str = ""  # the living one; empty: none
    deadline_ms: int = 0  # of that hold; 0: its id alone is known
    had_hold: bool = False  # a recovery may bring back one that has ended
    version: BookingVersion | None = None  # of a booking that may change still
    checking_out: str = ""  # the hold whose checkout is being answered: its news wait for that
    changed: bool = False  # such news came
    needs_resend: bool = False  # the welcome was sent without hold and booking

    def record_hold(self, hold: str, deadline_ms: int) -> None:
        """Record the living hold that is being sent."""
        self.hold, self.deadline_ms, self.had_hold = hold, deadline_ms, True


@dataclass(slots=True, eq=False)
class Subscriber:
    """A visitor's connection, and the records of what two of the room's feeds have sent to it.

    `push` sends a frame at once or drops the subscriber, `end` closes with a code, `behind` says
    whether the last frames are still unread.
    """

    visitor: str
    kind: Literal["socket", "stream"]
    push: Callable[[bytes], None]
    end: Callable[[int, str], None]
    behind: Callable[[], bool]
    address: str = ""
    welcomed: bool = False  # until then nothing is sent: the welcome is the first frame
    pending_news: list[VisitorNews] = field(default_factory=list[VisitorNews])  # from before that
    connection: tuple[int, int] = UNKNOWN  # epoch, and the number of this socket in its event
    snapshots: TokenBucket = field(default_factory=snapshot_bucket)
    place: PlaceSent = field(default_factory=PlaceSent)
    booking: BookingSent = field(default_factory=BookingSent)

    @property
    def audience(self) -> Audience | None:
        """The audience, besides all, that this visitor belongs to."""
        match self.place.last:
            case Admitted():
                return "admitted"
            case Waiting() | Lobby() | Late():
                return "waiting"
            case _:
                return None


class Subscribers:
    """The subscribers of one room by visitor.

    News ask for them more often than they come and go: so they are tuples, of which none is copied.
    """

    def __init__(self) -> None:
        self._by_visitor: dict[str, tuple[Subscriber, ...]] = {}

    def __len__(self) -> int:
        """Count the visitors that have a subscriber."""
        return len(self._by_visitor)

    def add(self, subscriber: Subscriber) -> None:
        """Add one more subscriber of its visitor."""
        self._by_visitor[subscriber.visitor] = (*self.of(subscriber.visitor), subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a subscriber, if it is there."""
        others = tuple(one for one in self.of(subscriber.visitor) if one is not subscriber)
        if others:
            self._by_visitor[subscriber.visitor] = others
        else:
            self._by_visitor.pop(subscriber.visitor, None)

    def has(self, subscriber: Subscriber) -> bool:
        """Return whether a subscriber is there."""
        return subscriber in self.of(subscriber.visitor)

    def of(self, visitor: str) -> tuple[Subscriber, ...]:
        """Return the subscribers of a visitor, the oldest first."""
        return self._by_visitor.get(visitor, ())

    def every(self) -> list[Subscriber]:
        """Return every subscriber."""
        return [s for subscribers in self._by_visitor.values() for s in subscribers]
