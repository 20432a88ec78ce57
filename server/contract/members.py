"""Members of answers and frames, as types of the documents; clients ignore what is added later."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from booking_rush.booking.catalogue.events import Moment, Names
from booking_rush.booking.catalogue.presentation import Included, SeatName, Terms, Theme, Venue
from booking_rush.booking.holds.states import IN_REVENUE, State
from booking_rush.queue.forecast import Odds
from booking_rush.queue.lottery.order import Fairness
from booking_rush.server.rooms.availability import Stock

RoomState: TypeAlias = Literal[
    "scheduled", "drawing", "open", "paused", "draining", "closed", "recovering"
]
Count = Annotated[int, msgspec.Meta(ge=0)]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
DigestOrEmpty = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
Characters = Annotated[str, msgspec.Meta(pattern="^[.hsx]*$")]
TicketId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f-]{36}-[1-9][0-9]{0,3}$")]
SeatChange = tuple[SeatName, Literal["free", "held", "sold", "closed"]]
assert IN_REVENUE == ("confirmed", "paying", "refunded")


class Members(msgspec.Struct, kw_only=True):
    """The base of all members."""


class Money(Members, kw_only=True):
    """An amount in minor units."""

    amount: Count
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class FieldError(Members, kw_only=True):
    """A mistake in one member of a request."""

    field: str
    why: str


class ShowTime(Members, kw_only=True):
    """A show, as holds, bookings and tickets name it; an empty zone is the site's."""

    id: str
    starts_at: Moment
    time_zone: str


class Seat(Members, kw_only=True):
    """A seat with its price."""

    id: SeatName
    section: str
    row: str
    number: int
    price: Money


class Standing(Members, kw_only=True):
    """Places of a standing section in a hold or a booking, beside its seats."""

    section: str
    quantity: int


class Hold(Members, kw_only=True):
    """Seats, standing places or both that are kept for a visitor for some minutes.

    `quantity` counts all of them; `section` is there where all are standing.
    """

    id: UUID
    event: str
    state: Literal["held", "paying"]
    seats: list[Seat]
    quantity: int
    adjacent: bool
    total: Money
    expires_at: Moment
    extensions_left: int
    section: str | UnsetType = UNSET
    standing: Standing | UnsetType = UNSET
    show: ShowTime | UnsetType = UNSET


class Problem(Members, kw_only=True):
    """A refusal (RFC 9457). Clients decide by its `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    trace_id: str
    errors: list[FieldError] | UnsetType = UNSET
    conflicts: list[str] | UnsetType = UNSET
    seats: list[str] | UnsetType = UNSET
    hold: Hold | UnsetType = UNSET
    challenge: str | UnsetType = UNSET
    bits: Count | UnsetType = UNSET
    retry_after_seconds: Count | UnsetType = UNSET
    until: Moment | UnsetType = UNSET


class Payment(Members, kw_only=True):
    """The provider that is asked for the money, and what a page needs to pay there."""

    provider: str
    client_secret: str | UnsetType = UNSET


class Ticket(Members, kw_only=True):
    """A ticket; its code opens the door, and lists for operators have none."""

    id: TicketId
    seat: SeatName | None
    code: str | UnsetType = UNSET
    show: ShowTime | UnsetType = UNSET


class Booking(Members, kw_only=True):
    """A hold on its way to tickets; it has the hold's id. `attempts` are tries to pay."""

    id: UUID
    event: str
    reference: str
    state: State
    seats: list[Seat]
    quantity: int
    total: Money
    attempts: Count
    tickets: list[Ticket]
    reason: Literal["declined", "expired", "cancelled", "removed", "seats_lost"] | UnsetType = UNSET
    section: str | UnsetType = UNSET
    standing: Standing | UnsetType = UNSET
    show: ShowTime | UnsetType = UNSET
    payment: Payment | UnsetType = UNSET
    name: str | UnsetType = UNSET


class OperatorBooking(Booking, kw_only=True):
    """A booking with its visitor."""

    visitor: str


class Place(Members, kw_only=True):
    """A place in line; `ahead` counts one's own lane, and 0 is next.

    Both it and `number` are null until the draw; `window` is the window that one joined in.
    `deferred`: one's address block has its share of numbers, and this place gets a later one.
    """

    number: int | None
    lane: str
    ahead: Count | None
    waiting: Count
    state: Literal["lobby", "waiting", "admitted", "late"]
    eta_seconds: tuple[Count, Count] | None
    odds: Odds | None
    receipt: str
    window: Count | UnsetType = UNSET
    deferred: bool | UnsetType = UNSET


class Draw(Members, kw_only=True):
    """A draw of a lane: its indexes `first` to `last` were drawn the numbers `first` to `last`."""

    lane: str
    first: Count
    last: Count


class Lottery(Members, kw_only=True):
    """The SHA-256 of a lottery's seed, and the seed and its draws after them; both are hex."""

    commitment: Digest
    seed: Digest | None
    draws: list[Draw] | UnsetType = UNSET


class Windows(Members, kw_only=True):
    """Windows in which places change among one another: seeds are the key's HMAC of their number.

    `commitment` is the key's SHA-256; the key is told when the event closes. All hex.
    """

    seconds: int
    commitment: Digest
    key: Digest | None


class PriceStock(Members, kw_only=True):
    """Free places of one price, and a word for them."""

    price: Money
    free: Count
    word: Literal["plenty", "few", "gone"]


class LineStock(Members, kw_only=True):
    """Free places of an event by price, the cheapest first."""

    prices: list[PriceStock]


class Stop(Members, kw_only=True):
    """A stop of the sale: since when, and why."""

    since: Moment
    reason: str | UnsetType = UNSET


class Lane(Members, kw_only=True):
    """A lane; `share` is its part of the event's last 1,000 admissions.

    `eta_seconds` is the wait of who would join it now, p50 and p90; null: it is not known.
    """

    lane: str
    weight: Count
    waiting: Count
    share: float
    eta_seconds: tuple[Count, Count] | None


class JournalEnd(Members, kw_only=True):
    """End of a journal a moment ago: its number of entries, and the hash of the last, in hex."""

    n: Count
    hash: str


class Room(Members, kw_only=True):
    """The state of an event; `halted`: its rules admit nobody."""

    state: RoomState
    opens_at: Moment | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    stopped: Stop | UnsetType = UNSET
    halted: bool | UnsetType = UNSET
    lanes: list[Lane] | UnsetType = UNSET
    journal: JournalEnd | UnsetType = UNSET
    fairness: Fairness | UnsetType = UNSET
    lottery: Lottery | UnsetType = UNSET
    windows: Windows | UnsetType = UNSET


class Broadcast(Members, kw_only=True):
    """A message of the operators."""

    id: UUID
    level: Literal["info", "warning", "urgent"]
    text: str
    at: Moment


class EventSection(Members, kw_only=True):
    """A section of an event, with the price of a place, and the path of a picture of its view.

    `includes`: fees and taxes in the price.
    """

    id: str
    show: str
    name: str
    kind: Literal["seated", "standing"]
    price: Money
    view: str | UnsetType = UNSET
    includes: list[Included] | UnsetType = UNSET


class Limits(Members, kw_only=True):
    """Rules of an event that visitors are told."""

    tickets_per_visitor_max: int
    hold_seconds: int
    extensions_max: int
    pass_seconds: int


class Event(Members, kw_only=True):
    """An event; `stock` is left out where it is not known just now."""

    id: str
    name: str
    state: RoomState
    reason: str | None
    opens_at: Moment | None
    closes_at: Moment | None
    shows: list[ShowTime]
    sections: list[EventSection]
    limits: Limits
    venue: Venue | UnsetType = UNSET
    theme: Theme | UnsetType = UNSET
    terms: Terms | UnsetType = UNSET
    names: Names | UnsetType = UNSET
    fairness: Fairness
    lottery: Lottery | UnsetType = UNSET
    windows: Windows | UnsetType = UNSET
    stock: Stock | UnsetType = UNSET
    mail: bool | UnsetType = UNSET
    stopped: Stop | UnsetType = UNSET
    halted: bool | UnsetType = UNSET


class SectionSeats(Members, kw_only=True):
    """The seats of a section: `.` free, `h` held, `s` sold, `x` not for sale."""

    version: Count
    free: Count
    rows: dict[str, Characters] | UnsetType = UNSET


class JournalHead(Members, kw_only=True):
    """The end of a journal; `signature` is a JWS of its members by a published key."""

    n: Count
    hash: DigestOrEmpty
    at: Moment | None
    signature: str
