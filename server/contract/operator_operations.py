"""Operations of operators: for each handler its caller, bodies, answers and refusals."""

from typing import Any

from booking_rush.booking.catalogue.catalogue import Exists
from booking_rush.booking.catalogue.events import EventChange, NewEvent
from booking_rush.booking.holds.bookings import UnknownBooking
from booking_rush.booking.joining.bans import UnknownBan
from booking_rush.booking.saga.cancellation import NotRefundable
from booking_rush.errors import Invalid, TooManyRequests
from booking_rush.queue.event_registry import UnknownEvent
from booking_rush.queue.line import LineClosed, NotInLine
from booking_rush.queue.rules import Rules, WrongState
from booking_rush.server.admin import alerts, audit, bans, broadcasts, codes, sessions, stats
from booking_rush.server.admin import bookings as admin_bookings
from booking_rush.server.admin import events as admin_events
from booking_rush.server.admin import series as admin_series
from booking_rush.server.admin import visitors as admin_visitors
from booking_rush.server.contract import answers
from booking_rush.server.contract.operation import (
    BODY,
    CSV,
    KEY,
    NO_BODY,
    OPTIONAL_BODY,
    PAGE,
    ROOM,
    Operation,
)
from booking_rush.server.protocol import problems

OPERATORS: dict[Any, Operation] = {
    sessions.log_in: Operation(
        "Begin an operator's session, with its cookie and CSRF token",
        {200: (answers.Session,)},
        refusals=(*BODY, problems.NotAuthenticated, TooManyRequests),
        body=sessions.Login,
    ),
    sessions.log_out: Operation("End one's session on the server, too", {204: NO_BODY}, "operator"),
    sessions.me: Operation("The operator of this session", {200: (answers.Session,)}, "viewer"),
    admin_events.create: Operation(
        "Create a whole event from one body",
        {201: (answers.OperatorEventAnswer,)},
        "operator",
        (*BODY, Exists),
        body=NewEvent,
    ),
    admin_events.events: Operation(
        "Every event, newest first",
        {200: (answers.OperatorEvents,)},
        "viewer",
        (Invalid,),
        query=PAGE,
    ),
    audit.journal: Operation(
        "The journal of operators' writes, newest first",
        {200: (answers.AuditEntries,)},
        "viewer",
        (Invalid,),
        query=PAGE,
    ),
    admin_events.event: Operation(
        "One event with its rules", {200: (answers.OperatorEventAnswer,)}, "viewer", (UnknownEvent,)
    ),
    admin_events.export: Operation(
        "The body that creates the same event, as a file",
        {200: (answers.Document,)},
        "viewer",
        (UnknownEvent,),
    ),
    admin_series.read_series: Operation(
        "Figures of an event over the last minutes, operators' acts, and the funnel of holds",
        {200: (answers.Series,)},
        "viewer",
        (UnknownEvent, Invalid),
        query=("minutes",),
    ),
    alerts.read_alerts: Operation(
        "Measures of stores and duties that are beyond their limits",
        {200: (answers.Alerts,)},
        "viewer",
    ),
    admin_events.change: Operation(
        "Change name, times or look of an event, or add sections",
        {200: (answers.OperatorEventAnswer,)},
        "operator",
        (UnknownEvent, *BODY, WrongState),
        body=EventChange,
    ),
    admin_events.rules: Operation(
        "Change rules; they take effect everywhere within a second",
        {200: (answers.RulesAnswer,)},
        "operator",
        (UnknownEvent, *BODY, WrongState),
        body=Rules,
    ),
    admin_events.act: Operation(
        "Change the state of an event, for a reason that visitors are shown",
        {200: (answers.OperatorEventAnswer,)},
        "operator",
        (UnknownEvent, *OPTIONAL_BODY, WrongState),
        body=admin_events.OptionalReason,
        is_body_optional=True,
    ),
    broadcasts.broadcast: Operation(
        "Send a message to an audience of an event",
        {202: (answers.BroadcastAnswer,)},
        "operator",
        (UnknownEvent, *BODY, *KEY),
        body=broadcasts.BroadcastBody,
        headers=("Idempotency-Key",),
    ),
    codes.make: Operation(
        "Make codes that open a lane, each for so many visitors, as JSON or CSV",
        {201: (answers.MadeCodes, CSV)},
        "operator",
        (UnknownEvent, *BODY),
        body=codes.NewCodes,
    ),
    codes.list_codes: Operation(
        "The codes of an event with their uses, in the order in which they were made",
        {200: (answers.Codes,)},
        "viewer",
        (UnknownEvent, Invalid),
        query=PAGE,
    ),
    admin_bookings.list_bookings: Operation(
        "The bookings of an event, newest first, as JSON or CSV",
        {200: (answers.OperatorBookings, CSV)},
        "viewer",
        (UnknownEvent, Invalid),
        query=(*PAGE, "state", "q"),
    ),
    admin_bookings.reconcile: Operation(
        "Compare Redis, Postgres and the payment provider",
        {200: (answers.Differences,)},
        "operator",
        ROOM,
    ),
    admin_bookings.tickets: Operation(
        "The tickets of a booking with their codes; the journal records who read",
        {200: (answers.Tickets,)},
        "operator",
        (UnknownBooking,),
    ),
    admin_bookings.refund: Operation(
        "Refund a booking, perhaps for a reason that the journal keeps",
        {202: (answers.OperatorBookingAnswer,)},
        "operator",
        (UnknownBooking, NotRefundable, *OPTIONAL_BODY),
        body=admin_bookings.RefundBody,
        is_body_optional=True,
    ),
    stats.stats: Operation(
        "The figures of an event", {200: (answers.StatsAnswer,)}, "viewer", ROOM
    ),
    admin_visitors.list_visitors: Operation(
        "Visitors who wait, are inside, are late or hold",
        {200: (answers.VisitorList,)},
        "viewer",
        (*ROOM, Invalid),
        query=(*PAGE, "state"),
    ),
    bans.ban: Operation(
        "Ban a visitor or an address block; places of the banned are removed",
        {201: (answers.BanAnswer,)},
        "operator",
        (*ROOM, *BODY),
        body=bans.NewBan,
    ),
    bans.list_bans: Operation(
        "The bans that are in force, newest first",
        {200: (answers.BanList,)},
        "viewer",
        (*ROOM, Invalid),
        query=PAGE,
    ),
    bans.lift: Operation("End a ban now", {204: NO_BODY}, "operator", (*ROOM, UnknownBan)),
    admin_visitors.history: Operation(
        "What became of a visitor's places, and why, with the acts of operators",
        {200: (answers.History,)},
        "viewer",
        (*ROOM, NotInLine),
    ),
    admin_visitors.admit: Operation(
        "Admit a visitor out of turn, for a recorded reason",
        {200: (answers.PlaceAnswer,)},
        "operator",
        (*ROOM, *BODY, NotInLine, LineClosed),
        body=admin_visitors.Reason,
    ),
    admin_visitors.remove: Operation(
        "Take away a visitor's place and pass", {204: NO_BODY}, "operator", (*ROOM, NotInLine)
    ),
}
