"""Bodies of HTTP answers to operators, as types, by the member that wraps each."""

from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, UnsetType

from booking_rush.booking.catalogue.events import Moment
from booking_rush.queue.rules import Rules
from booking_rush.server.auth.operators import Role
from booking_rush.server.contract import members, messages
from booking_rush.server.contract.members import Members


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


class TimedRules(Members, kw_only=True):
    """Rules that were set for a time: until when, and the values to which they go back."""

    until: Moment
    before: dict[str, Any]


class OperatorEvent(members.Event, kw_only=True):
    """An event with its rules, those that go back by themselves, and times of its state."""

    rules: Rules
    timed_rules: TimedRules | UnsetType = UNSET
    state_since: Moment | UnsetType = UNSET
    archived_at: Moment | UnsetType = UNSET


class OperatorEventAnswer(Members, kw_only=True):
    """An event with its rules."""

    event: OperatorEvent


class OperatorEvents(Members, kw_only=True):
    """Every event."""

    events: list[OperatorEvent]


class RulesAnswer(Members, kw_only=True):
    """The rules of an event."""

    rules: Rules


class MadeCodes(Members, kw_only=True):
    """New codes of a lane."""

    codes: list[str]


class LaneCode(Members, kw_only=True):
    """A code that opens a lane for `uses` visitors, of whom `used` have come."""

    code: str
    lane: str
    uses: members.Count
    used: members.Count


class Codes(Members, kw_only=True):
    """A page of codes; `next` is the `after` of the next page."""

    codes: list[LaneCode]
    next: str | None


class PlaceAnswer(Members, kw_only=True):
    """A place, as operators are told it."""

    place: members.Place


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

    stats: messages.Stats


class Differences(Members, kw_only=True):
    """The differences between the stores, none where they agree."""

    differences: list[StoreDifference]


class AuditEntry(Members, kw_only=True):
    """A write of an operator."""

    id: int
    at: Moment
    who: str
    what: str
    event: str | None
    detail: dict[str, Any]
    undoable: bool


class AuditEntries(Members, kw_only=True):
    """A page of the journal, newest first; the last id is the `after` of the next page."""

    entries: list[AuditEntry]


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
    """A visitor in line, or with a hold; `deferred`: of an address block with its share."""

    visitor: str
    state: str
    deferred: bool | UnsetType = UNSET
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


class Ban(Members, kw_only=True):
    """A ban of a visitor or of an address block."""

    id: UUID
    visitor: str | UnsetType = UNSET
    block: str | UnsetType = UNSET
    reason: str
    until: Moment
    who: str
    at: Moment


class BanAnswer(Members, kw_only=True):
    """A ban that was made."""

    ban: Ban


class BanList(Members, kw_only=True):
    """A page of bans; `next` is the `after` of the next page."""

    bans: list[Ban]
    next: str | None


class BanReach(Members, kw_only=True):
    """Number of places that a ban would end; null of a block too small or too large to tell."""

    visitors: members.Count | None


class Session(Members, kw_only=True):
    """An operator's session, with the token to send as `X-CSRF-Token`; `mail`: mails are sent."""

    csrf: str
    username: str
    role: Role
    mail: bool


class BroadcastAnswer(Members, kw_only=True):
    """The id of a broadcast."""

    id: UUID


class SentBroadcast(members.Broadcast, kw_only=True):
    """A message as operators look back on it.

    `reach` is how many visitors it meant, where that was known; `heard` to how many open pages it
    was sent. Visitors of the next hour are welcomed with it, too.
    """

    audience: Literal["all", "waiting", "admitted"]
    who: str
    reach: members.Count | None
    heard: members.Count


class BroadcastList(Members, kw_only=True):
    """A page of messages; `next` is the `after` of the next page."""

    broadcasts: list[SentBroadcast]
    next: UUID | None


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


class ChangedSeats(Members, kw_only=True):
    """Seats whose sale was changed; `conflicts` are held, sold, or were so already."""

    seats: list[str]
    conflicts: list[str]


class Account(Members, kw_only=True):
    """An operator, and by what they come in."""

    name: str
    role: Role
    has_password: bool
    has_key: bool
    sessions: members.Count
    created_at: Moment


class AccountAnswer(Members, kw_only=True):
    """An operator."""

    operator: Account


class AccountList(Members, kw_only=True):
    """Every operator, by name."""

    operators: list[Account]


class ApiKey(Members, kw_only=True):
    """An API key, which is told once."""

    key: str
