"""Bodies of HTTP answers, as types, by the member that wraps each."""

from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, UnsetType, field

from booking_rush.booking.catalogue.events import Moment
from booking_rush.booking.history.entries import What
from booking_rush.server.auth.operators import Role
from booking_rush.server.contract import members
from booking_rush.server.contract.members import Members


class NewVisitor(Members, kw_only=True):
    """A new visitor with the token to send as bearer; browsers also get it as a cookie."""

    visitor: str
    token: str
    expires_at: Moment


class Keys(Members, kw_only=True):
    """A JWK Set (RFC 7517): the keys that verify passes, receipts and tickets."""

    keys: list[dict[str, Any]]


class VoidTickets(Members, kw_only=True):
    """A signed list of tickets that were given back."""

    event: str
    void_tickets: str


class EventAnswer(Members, kw_only=True):
    """An event."""

    event: members.Event


class Events(Members, kw_only=True):
    """The events on sale."""

    events: list[members.Event]


class ChartSeat(Members, kw_only=True):
    """A seat in the plane of its section, counted in seats."""

    number: int
    x: float
    y: float
    kind: Literal["standard", "wheelchair", "companion", "restricted"]


class ChartRow(Members, kw_only=True):
    """A row of seats; in the compact form `seats` is a count, and the rest draws it."""

    name: str
    seats: list[ChartSeat] | int
    at: tuple[float, float] | UnsetType = UNSET
    step: tuple[float, float] | UnsetType = UNSET
    gaps: list[int] | UnsetType = UNSET


class ChartSection(members.EventSection, kw_only=True):
    """A section as it is drawn: with rows where it is seated, otherwise with its capacity."""

    at: tuple[float, float] | UnsetType = UNSET
    rotation: float | UnsetType = UNSET
    focus: tuple[float, float] | UnsetType = UNSET
    curve: float | UnsetType = UNSET
    aisles: list[int] | UnsetType = UNSET
    rows: list[ChartRow] | UnsetType = UNSET
    capacity: int | UnsetType = UNSET


class Chart(Members, kw_only=True):
    """The drawing of all sections."""

    sections: list[ChartSection]


class Availability(Members, kw_only=True):
    """The seats of every section, by its id."""

    sections: dict[str, members.SectionSeats]


class OwnPlace(Members, kw_only=True):
    """A visitor's place; who is admitted has a pass, and two deadlines."""

    place: members.Place
    pass_: str | UnsetType = field(name="pass", default=UNSET)
    claim_by: Moment | UnsetType = UNSET
    expires_at: Moment | UnsetType = UNSET
    stock: members.LineStock | UnsetType = UNSET


class HoldAnswer(Members, kw_only=True):
    """A hold."""

    hold: members.Hold


class TicketLink(Members, kw_only=True):
    """The path of the page of a booking's tickets; who has it, has them."""

    url: str


class BookingAnswer(Members, kw_only=True):
    """A booking."""

    booking: members.Booking


class Bookings(Members, kw_only=True):
    """A page of one's bookings, newest first; `next` is the `after` of the next page."""

    bookings: list[members.Booking]
    next: UUID | None


class JournalEntry(Members, kw_only=True):
    """A change of a place, of rules or of state; `who` is the visitor's digest, or empty.

    `hash` is over the entry before and this one: see docs/fairness.md.
    """

    n: int
    at: Moment
    what: What
    who: members.DigestOrEmpty
    lane: str | UnsetType = UNSET
    number: int | UnsetType = UNSET
    why: str | UnsetType = UNSET
    by: str | UnsetType = UNSET
    hash: members.Digest


class HistoryEntry(JournalEntry, kw_only=True):
    """An entry, and what it meant as one sentence."""

    because: str


class JournalBegins(Members, kw_only=True):
    """The last entry that was deleted by its age: the next one follows its hash."""

    n: members.Count
    hash: members.Digest


class JournalPage(Members, kw_only=True):
    """A page of an event's journal; `begins` where its first entries were deleted by their age."""

    entries: list[JournalEntry]
    next: int | None
    head: members.JournalHead
    begins: JournalBegins | UnsetType = UNSET


class History(Members, kw_only=True):
    """Entries about one visitor, and about the event since their first place."""

    entries: list[HistoryEntry]


class Status(Members, kw_only=True):
    """One word about this process, or what is the matter."""

    status: str


class Document(Members, kw_only=True):
    """A JSON object of any members."""


class Session(Members, kw_only=True):
    """An operator's session, with the token to send as `X-CSRF-Token`.

    `mail`: the server sends mails; `identities`: the kinds of identity that it can check.
    """

    csrf: str
    username: str
    role: Role
    mail: bool
    identities: list[Literal["token", "subject"]]


class OperatorSession(Members, kw_only=True):
    """A session of an operator; `current`: it is that of who asks."""

    id: str
    operator: str
    role: Role
    address: str
    began_at: Moment
    expires_at: Moment
    current: bool


class OperatorSessions(Members, kw_only=True):
    """Sessions that live, the newest first."""

    sessions: list[OperatorSession]
