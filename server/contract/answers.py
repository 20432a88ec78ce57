"""Bodies of HTTP answers, as types, by the member that wraps each."""

from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, UnsetType, field

from booking_rush.booking.catalogue.events import Moment
from booking_rush.booking.history.entries import What
from booking_rush.queue.rules import Rules
from booking_rush.server.contract import members
from booking_rush.server.contract.members import Members


class AuditEntry(Members, kw_only=True):
    """A write of an operator."""

    id: int
    at: Moment
    who: str
    what: str
    event: str | None
    detail: dict[str, Any]


class StoreDifference(Members, kw_only=True):
    """A seat, a count, a hold or a payment as two stores have it."""

    event: str
    kind: str
    what: str
    left: str
    right: str
    booking: str
    order: str
    attempt: int


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


class OperatorEventAnswer(Members, kw_only=True):
    """An event with its rules."""

    event: members.OperatorEvent


class OperatorEvents(Members, kw_only=True):
    """Every event."""

    events: list[members.OperatorEvent]


class RulesAnswer(Members, kw_only=True):
    """The rules of an event."""

    rules: Rules


class MadeCodes(Members, kw_only=True):
    """New codes of a lane."""

    codes: list[str]


class Codes(Members, kw_only=True):
    """A page of codes; `next` is the `after` of the next page."""

    codes: list[members.LaneCode]
    next: str | None


class Chart(Members, kw_only=True):
    """The drawing of all sections."""

    sections: list[members.ChartSection]


class Availability(Members, kw_only=True):
    """The seats of every section, by its id."""

    sections: dict[str, members.SectionSeats]


class OwnPlace(Members, kw_only=True):
    """A visitor's place; who is admitted has a pass, and two deadlines."""

    place: members.Place
    pass_: str | UnsetType = field(name="pass", default=UNSET)
    claim_by: Moment | UnsetType = UNSET
    expires_at: Moment | UnsetType = UNSET


class PlaceAnswer(Members, kw_only=True):
    """A place, as operators are told it."""

    place: members.Place


class HoldAnswer(Members, kw_only=True):
    """A hold."""

    hold: members.Hold


class BookingAnswer(Members, kw_only=True):
    """A booking."""

    booking: members.Booking


class Bookings(Members, kw_only=True):
    """A page of one's bookings, newest first; `next` is the `after` of the next page."""

    bookings: list[members.Booking]
    next: UUID | None


class OperatorBookingAnswer(Members, kw_only=True):
    """A booking with its visitor."""

    booking: members.OperatorBooking


class OperatorBookings(Members, kw_only=True):
    """A page of an event's bookings, newest first; `next` is the `after` of the next page."""

    bookings: list[members.OperatorBooking]
    next: UUID | None


class Tickets(Members, kw_only=True):
    """The tickets of a booking, with their codes."""

    tickets: list[members.Ticket]


class StatsAnswer(Members, kw_only=True):
    """The figures of an event."""

    stats: members.Stats


class Differences(Members, kw_only=True):
    """The differences between the stores, none where they agree."""

    differences: list[StoreDifference]


class AuditEntries(Members, kw_only=True):
    """A page of the journal, newest first; the last id is the `after` of the next page."""

    entries: list[AuditEntry]


class JournalEntry(Members, kw_only=True):
    """A change of a place, of rules or of state; `who` is the visitor's digest, or empty.

    `hash` is over the entry before and this one: see docs/fairness.md.
    """

    n: int
    at: Moment
    what: What
    who: members.Digest
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


class Point(Members, kw_only=True):
    """Figures of an event at one time."""

    at: Moment
    waiting: members.Count
    active: members.Count
    late: members.Count
    joined: members.Count
    admitted: members.Count
    held: members.Count
    paying: members.Count
    sold: members.Count
    free: members.Count
    outbox_age_seconds: float


class Act(Members, kw_only=True):
    """An operator's act, as charts mark it."""

    at: Moment
    who: str
    what: str


class Funnel(Members, kw_only=True):
    """Holds that an event had, how many were paid, and how many given back."""

    held: members.Count
    paid: members.Count
    refunded: members.Count


class Alert(Members, kw_only=True):
    """A measure beyond a limit; of `unmeasured` the value is the measure's name."""

    code: str
    level: Literal["warn", "bad"]
    value: float | str


class ListedVisitor(Members, kw_only=True):
    """A visitor in line, or with a hold."""

    visitor: str
    state: str
    until: Moment | None
    number: int | UnsetType | None = UNSET
    joined_at: Moment | UnsetType | None = UNSET
    admitted_at: Moment | UnsetType | None = UNSET
    hold: UUID | UnsetType = UNSET
    quantity: int | UnsetType = UNSET
    held_at: Moment | UnsetType | None = UNSET


class Series(Members, kw_only=True):
    """Points of an event's figures, the oldest first; marks of acts; and what became of holds."""

    series: list[Point]
    acts: list[Act]
    funnel: Funnel


class Alerts(Members, kw_only=True):
    """Measures beyond their limits; none is the best answer."""

    alerts: list[Alert]


class VisitorList(Members, kw_only=True):
    """A page of visitors; `next` is the `after` of the next page."""

    visitors: list[ListedVisitor]
    next: str | None


class Session(Members, kw_only=True):
    """An operator's session, with the token to send as `X-CSRF-Token` on writes."""

    csrf: str
    username: str
    role: Literal["viewer", "operator", "admin"]


class BroadcastAnswer(Members, kw_only=True):
    """The id of a broadcast."""

    id: UUID


class Status(Members, kw_only=True):
    """One word about this process, or what is the matter."""

    status: str


class Document(Members, kw_only=True):
    """A JSON object of any members."""
