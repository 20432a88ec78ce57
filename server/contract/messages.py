"""Frames that the server sends, as types, and the frames that answer each command."""

from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType, field

from booking_rush.booking.catalogue.events import Moment
from booking_rush.booking.joining.preferences import Preference, Quantity, Sections
from booking_rush.queue.lottery.order import Fairness
from booking_rush.server.contract import members
from booking_rush.server.contract.members import Count, Members, SeatChange
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.availability import Stock as StockWord

Re = str | UnsetType


class Waits(Members, kw_only=True):
    """Percentiles of waits in seconds."""

    p50: float | None
    p90: float | None
    p99: float | None


class Revenue(Members, kw_only=True):
    """Sums of bookings by state, one a currency."""

    confirmed: list[members.Money]
    paying: list[members.Money]
    refunded: list[members.Money]


class AdmissionReason(Members, kw_only=True):
    """The rate at which visitors are admitted just now, and why, in one line."""

    rate: float
    because: str


class Calibration(Members, kw_only=True):
    """The shares of waits that ended within the p50 and the p90 told at their beginning."""

    p50: float | None
    p90: float | None
    count: members.Count


class Stats(Members, kw_only=True):
    """Figures of an event; `held`, `paying`, `sold` and `free` count places."""

    state: members.RoomState
    stopped: bool
    waiting: members.Count
    active: members.Count
    late: members.Count
    held: members.Count
    paying: members.Count
    sold: members.Count
    money: Revenue
    free: members.Count
    stock: StockWord | None
    joined: members.Count
    admitted: members.Count
    rate: float
    lanes: list[members.Lane]
    admission: AdmissionReason
    calibration: Calibration
    wait_seconds: Waits
    outbox_age_seconds: float
    sockets: members.Count
    journal: members.JournalHead


class UnknownStats(Members, kw_only=True):
    """The state of an event whose figures are not known just now, and the code that says why."""

    state: members.RoomState
    unknown: str


class Frame(msgspec.Struct, kw_only=True, tag_field="type"):
    """The base of frames; the answer to a command carries the command's id as `re`."""


class Welcome(Frame, kw_only=True, tag="welcome"):
    """The first frame: all that a page needs that connects again."""

    visitor: str
    event: str
    server_time: Moment
    room: members.Room
    place: members.Place | UnsetType = UNSET
    pass_: str | UnsetType = field(name="pass", default=UNSET)
    claim_by: Moment | UnsetType = UNSET
    expires_at: Moment | UnsetType = UNSET
    hold: members.Hold | UnsetType = UNSET
    booking: members.Booking | UnsetType = UNSET
    message: members.Broadcast | UnsetType = UNSET
    stock: members.LineStock | UnsetType = UNSET
    preferred: Preference | UnsetType = UNSET


class Joined(Frame, kw_only=True, tag="queue.joined"):
    """The visitor's place, once Postgres has it."""

    re: Re = UNSET
    place: members.Place


class Admitted(Frame, kw_only=True, tag="queue.admitted"):
    """The visitor's turn has come."""

    re: Re = UNSET
    place: members.Place
    pass_: str = field(name="pass")
    claim_by: Moment | None
    expires_at: Moment


class Left(Frame, kw_only=True, tag="queue.left"):
    """The visitor has no place any more."""

    re: Re = UNSET


class Preferred(Frame, kw_only=True, tag="queue.preferred"):
    """The visitor's preference, which is remembered."""

    re: Re = UNSET
    quantity: Quantity
    sections: Sections | UnsetType = UNSET
    price_max: members.Money | UnsetType = UNSET


class Stock(Frame, kw_only=True, tag="queue.stock"):
    """The free places by price, when a word of them has changed."""

    stock: members.LineStock


class Position(Frame, kw_only=True, tag="queue.position"):
    """The visitor's position; `rate` is admissions a second."""

    ahead: Count
    waiting: Count
    rate: float
    eta_seconds: tuple[Count, Count] | None


class Expired(Frame, kw_only=True, tag="queue.expired"):
    """A place or pass is over, or after `missed` late."""

    reason: Literal["pass_over", "missed", "late_over", "removed", "purchase"]


class RoomState(Frame, kw_only=True, tag="room.state"):
    """The state of the event has changed."""

    state: members.RoomState
    opens_at: Moment | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    stopped: members.Stop | UnsetType = UNSET
    halted: bool | UnsetType = UNSET
    lanes: list[members.Lane] | UnsetType = UNSET
    fairness: Fairness | UnsetType = UNSET
    lottery: members.Lottery | UnsetType = UNSET
    windows: members.Windows | UnsetType = UNSET


class RoomMessage(Frame, kw_only=True, tag="room.message"):
    """A message of the operators."""

    id: UUID
    level: Literal["info", "warning", "urgent"]
    text: str
    at: Moment


class Snapshot(Frame, kw_only=True, tag="seats.snapshot"):
    """The seats of the watched sections."""

    re: Re = UNSET
    sections: dict[str, members.SectionSeats]


class Delta(Frame, kw_only=True, tag="seats.delta"):
    """Changes of seats: apply them when `from` is your version, otherwise watch again."""

    section: str
    from_: Count = field(name="from")
    to: Count
    changes: list[SeatChange]
    free: Count


class Unwatched(Frame, kw_only=True, tag="seats.unwatched"):
    """No more changes of seats come."""

    re: Re = UNSET


class HoldCreated(Frame, kw_only=True, tag="hold.created"):
    """The seats are held."""

    re: Re = UNSET
    hold: members.Hold


class HoldExtended(Frame, kw_only=True, tag="hold.extended"):
    """The hold ends later."""

    re: Re = UNSET
    hold: members.Hold


class HoldReleased(Frame, kw_only=True, tag="hold.released"):
    """The hold is released."""

    re: Re = UNSET
    hold: UUID


class HoldExpiring(Frame, kw_only=True, tag="hold.expiring"):
    """The hold ends in so many seconds."""

    hold: UUID
    seconds: Count


class HoldExpired(Frame, kw_only=True, tag="hold.expired"):
    """The hold has ended."""

    hold: UUID
    reason: Literal["expired", "removed", "recovery"]


class BookingUpdated(Frame, kw_only=True, tag="booking.updated"):
    """The booking as it is now."""

    re: Re = UNSET
    booking: members.Booking


class Pong(Frame, kw_only=True, tag="pong"):
    """The answer to `ping`."""

    re: str


class Error(Frame, kw_only=True, tag="error"):
    """The answer to a refused command; `re` is null where the frame had no id."""

    re: str | None
    problem: members.Problem


class Restarting(Frame, kw_only=True, tag="server.restarting"):
    """The last frame before close 1012: come back after so many milliseconds."""

    retry_after_ms: Count


class ServerBusy(Frame, kw_only=True, tag="server.busy"):
    """The last frame before close 1013: come back after so many milliseconds."""

    retry_after_ms: Count


class StatsFrame(Frame, kw_only=True, tag="stats"):
    """The figures of the event, once a second, to operators."""

    stats: Stats


class UnknownStatsFrame(Frame, kw_only=True, tag="stats"):
    """The state of the event while its figures are not known."""

    stats: UnknownStats


# What answers each command, beside `error`; the kinds of frames that come unasked.
ANSWERS: dict[type[frames.ClientCommand], tuple[type[Frame], ...]] = {
    frames.Join: (Joined, Admitted),
    frames.ConfirmPresence: (Admitted, Joined),
    frames.Leave: (Left,),
    frames.Prefer: (Preferred,),
    frames.Ping: (Pong,),
    frames.WatchSeats: (Snapshot,),
    frames.UnwatchSeats: (Unwatched,),
    frames.Create: (HoldCreated,),
    frames.Extend: (HoldExtended,),
    frames.Release: (HoldReleased,),
    frames.Checkout: (BookingUpdated,),
}
PUSHED: tuple[type[Frame], ...] = (
    Welcome, Position, Stock, Joined, Admitted, Left, Expired, RoomState, RoomMessage, Delta,
    HoldCreated,
    HoldExtended, HoldExpiring, HoldExpired, BookingUpdated, Restarting, ServerBusy,
)  # fmt: skip
OPERATORS: tuple[type[Frame], ...] = (StatsFrame, UnknownStatsFrame, Restarting, ServerBusy)
VISITORS: tuple[type[Frame], ...] = tuple(
    dict.fromkeys([*PUSHED, *(kind for kinds in ANSWERS.values() for kind in kinds), Error])
)
CLOSE_CODES = {
    frames.GOING_AWAY: "going away: come back",
    frames.RESTARTING: "restarting: come back after the last frame's `retry_after_ms`",
    frames.OVERLOADED: "overloaded: come back after the last frame's `retry_after_ms`",
    frames.MALFORMED: "malformed frame or unknown subprotocol: stay away",
    frames.NOT_AUTHENTICATED: "not authenticated: stay away",
    frames.FORBIDDEN: "forbidden: stay away",
    frames.UNKNOWN_EVENT: "unknown event: stay away",
    frames.TOO_SLOW: "too slow a reader: come back",
    frames.REPLACED: "replaced by a newer socket of the same visitor: stay away",
    frames.TOO_MANY: "too many commands: come back",
}
