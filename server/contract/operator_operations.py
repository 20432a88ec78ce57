"""Operations of operators: for each handler its caller, bodies, answers and refusals."""

from typing import Any

from booking_rush.booking.catalogue.archive import NotArchivable
from booking_rush.booking.catalogue.catalogue import Exists
from booking_rush.booking.catalogue.events import EventChange, NewEvent
from booking_rush.booking.catalogue.timed_rules import NothingToKeep
from booking_rush.booking.catalogue.undo import NotUndoable
from booking_rush.booking.holds.bookings import UnknownBooking
from booking_rush.booking.holds.errors import UnknownSeat
from booking_rush.booking.joining.bans import UnknownBan
from booking_rush.booking.mail.resend import NoMail
from booking_rush.booking.saga.cancellation import NotRefundable
from booking_rush.errors import Invalid, TooManyRequests
from booking_rush.queue.event_registry import UnknownEvent
from booking_rush.queue.line import LineClosed, NotInLine
from booking_rush.queue.rules import Rules, WrongState
from booking_rush.queue.sale_clock import SaleStopped
from booking_rush.server.admin import (
    alerts,
    audit,
    bans,
    broadcasts,
    codes,
    operators,
    stats,
    undo,
)
from booking_rush.server.admin import bookings as admin_bookings
from booking_rush.server.admin import events as admin_events
from booking_rush.server.admin import visitors as admin_visitors
from booking_rush.server.auth.accounts import AccountRefused, LastAdmin, UnknownOperator
from booking_rush.server.auth.second_factors import SecondFactorRefused
from booking_rush.server.contract import answers, operator_answers
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

OPERATORS: dict[Any, Operation] = {
    operators.change_own_password: Operation(
        "Change one's own password; all of one's sessions end, and a new one begins",
        {200: (answers.Session,)},
        "operator",
        (*BODY, UnknownOperator, TooManyRequests),
        body=operators.OwnPassword,
    ),
    operators.second_factor: Operation(
        "Since when one's second factor is in force, if it is",
        {200: (operator_answers.OwnSecondFactor,)},
        "viewer",
    ),
    operators.begin_second_factor: Operation(
        "Make a second factor (TOTP), which is not in force yet; its secret is told once",
        {201: (operator_answers.NewSecondFactor,)},
        "operator",
        (SecondFactorRefused,),
    ),
    operators.put_second_factor_in_force: Operation(
        "Put one's second factor in force by a code of it; recovery codes are told once",
        {200: (operator_answers.RecoveryCodes,)},
        "operator",
        (*BODY, SecondFactorRefused),
        body=operators.SecondFactorCode,
    ),
    operators.end_own_second_factor: Operation(
        "End one's second factor by one's password",
        {204: NO_BODY},
        "operator",
        (*BODY, UnknownOperator, SecondFactorRefused, TooManyRequests),
        body=operators.SecondFactorEnd,
    ),
    operators.end_second_factor: Operation(
        "End another's second factor, for a phone that is lost; for admins",
        {204: NO_BODY},
        "operator",
        (UnknownOperator, AccountRefused, SecondFactorRefused),
    ),
    operators.list_operators: Operation(
        "Every operator, by name; for admins", {200: (operator_answers.AccountList,)}, "viewer"
    ),
    operators.add: Operation(
        "Make an operator who comes in by a password; for admins",
        {201: (operator_answers.AccountAnswer,)},
        "operator",
        (*BODY, AccountRefused),
        body=operators.NewOperator,
    ),
    operators.change: Operation(
        "Give an operator another role or password; for admins",
        {200: (operator_answers.AccountAnswer,)},
        "operator",
        (*BODY, UnknownOperator, LastAdmin),
        body=operators.OperatorChange,
    ),
    operators.remove: Operation(
        "Delete an operator; sessions and key end; for admins",
        {204: NO_BODY},
        "operator",
        (UnknownOperator, LastAdmin),
    ),
    operators.give_key: Operation(
        "Give an operator a new API key, and make who is not there; for admins",
        {201: (operator_answers.ApiKey,)},
        "operator",
        (UnknownOperator, AccountRefused),
    ),
    operators.revoke_key: Operation(
        "End an operator's API key; for admins",
        {204: NO_BODY},
        "operator",
        (UnknownOperator, LastAdmin),
    ),
    admin_events.create: Operation(
        "Create a whole event from one body",
        {201: (operator_answers.OperatorEventAnswer,)},
        "operator",
        (*BODY, Exists),
        body=NewEvent,
    ),
    admin_events.events: Operation(
        "Every event, newest first",
        {200: (operator_answers.OperatorEvents,)},
        "viewer",
        (Invalid,),
        query=PAGE,
    ),
    audit.journal: Operation(
        "The journal of operators' writes, newest first",
        {200: (operator_answers.AuditEntries,)},
        "viewer",
        (Invalid,),
        query=PAGE,
    ),
    admin_events.event: Operation(
        "One event with its rules",
        {200: (operator_answers.OperatorEventAnswer,)},
        "viewer",
        (UnknownEvent,),
    ),
    admin_events.export: Operation(
        "The body that creates the same event, as a file",
        {200: (answers.Document,)},
        "viewer",
        (UnknownEvent,),
    ),
    stats.read_series: Operation(
        "Figures of an event over the last minutes, operators' acts, and the funnel of holds",
        {200: (operator_answers.Series,)},
        "viewer",
        (UnknownEvent, Invalid),
        query=("minutes",),
    ),
    alerts.read_alerts: Operation(
        "Measures of stores and duties that are beyond their limits",
        {200: (operator_answers.Alerts,)},
        "viewer",
    ),
    admin_events.change: Operation(
        "Change name, times or look of an event, or add sections",
        {200: (operator_answers.OperatorEventAnswer,)},
        "operator",
        (UnknownEvent, *BODY, WrongState),
        body=EventChange,
    ),
    admin_events.rules: Operation(
        "Change rules; they take effect everywhere within a second",
        {200: (operator_answers.RulesAnswer,)},
        "operator",
        (UnknownEvent, *BODY, WrongState),
        body=Rules,
        query=("for",),
    ),
    undo.keep_rules: Operation(
        "Keep the rules that were set for a time",
        {200: (operator_answers.RulesAnswer,)},
        "operator",
        (UnknownEvent, NothingToKeep),
    ),
    undo.undo_act: Operation(
        "Undo a close, a drain, a removal or a change of rules of the last ten minutes",
        {200: (operator_answers.OperatorEventAnswer,)},
        "operator",
        (*ROOM, *BODY, NotUndoable),
        body=undo.UndoBody,
    ),
    admin_events.act: Operation(
        "Change the state of an event, for a reason that visitors are shown",
        {200: (operator_answers.OperatorEventAnswer,)},
        "operator",
        (UnknownEvent, *OPTIONAL_BODY, WrongState),
        body=admin_events.OptionalReason,
        is_body_optional=True,
    ),
    admin_events.archive: Operation(
        "Archive an event that has ended: it leaves Redis, its bookings stay",
        {200: (operator_answers.OperatorEventAnswer,)},
        "operator",
        (*ROOM, NotArchivable),
    ),
    admin_events.stop: Operation(
        "Stop the sale: nobody is admitted, holds, pays or runs out of time until it continues",
        {200: (operator_answers.OperatorEventAnswer,)},
        "operator",
        (UnknownEvent, *OPTIONAL_BODY, WrongState),
        body=admin_events.OptionalReason,
        is_body_optional=True,
    ),
    admin_events.proceed: Operation(
        "Let the sale continue; every deadline is later by the stop",
        {200: (operator_answers.OperatorEventAnswer,)},
        "operator",
        (UnknownEvent, WrongState),
    ),
    admin_events.take_seats_off: Operation(
        "Take seats off sale, those of them that are free",
        {200: (operator_answers.ChangedSeats,)},
        "operator",
        (*ROOM, *BODY, UnknownSeat, WrongState),
        body=admin_events.Seats,
    ),
    admin_events.put_seats_back: Operation(
        "Put seats back on sale",
        {200: (operator_answers.ChangedSeats,)},
        "operator",
        (*ROOM, *BODY, UnknownSeat, WrongState),
        body=admin_events.Seats,
    ),
    broadcasts.broadcast: Operation(
        "Send a message to an audience of an event",
        {202: (operator_answers.BroadcastAnswer,)},
        "operator",
        (UnknownEvent, *BODY, *KEY),
        body=broadcasts.BroadcastBody,
        headers=("Idempotency-Key",),
    ),
    broadcasts.list_broadcasts: Operation(
        "What was said to visitors, newest first, with its reach and where it was heard",
        {200: (operator_answers.BroadcastList,)},
        "viewer",
        (UnknownEvent, Invalid),
        query=PAGE,
    ),
    codes.make: Operation(
        "Make codes that open a lane, each for so many visitors, as JSON or CSV",
        {201: (operator_answers.MadeCodes, CSV)},
        "operator",
        (UnknownEvent, *BODY),
        body=codes.NewCodes,
    ),
    codes.list_codes: Operation(
        "The codes of an event with their uses, in their order, as JSON or CSV",
        {200: (operator_answers.Codes, CSV)},
        "viewer",
        (UnknownEvent, Invalid),
        query=PAGE,
    ),
    admin_bookings.list_bookings: Operation(
        "The bookings of an event, newest first, as JSON or CSV",
        {200: (operator_answers.OperatorBookings, CSV)},
        "viewer",
        (UnknownEvent, Invalid),
        query=(*PAGE, "state", "q"),
    ),
    admin_bookings.reconcile: Operation(
        "Compare Redis, Postgres and the payment provider",
        {200: (operator_answers.Differences,)},
        "operator",
        ROOM,
    ),
    admin_bookings.tickets: Operation(
        "The tickets of a booking with their codes; the journal records who read",
        {200: (operator_answers.Tickets,)},
        "operator",
        (UnknownBooking,),
    ),
    admin_bookings.refund: Operation(
        "Refund a booking, perhaps for a reason that the journal keeps",
        {202: (operator_answers.OperatorBookingAnswer,)},
        "operator",
        (UnknownBooking, NotRefundable, *OPTIONAL_BODY),
        body=admin_bookings.RefundBody,
        is_body_optional=True,
    ),
    admin_bookings.send_mail: Operation(
        "Send the mail about a booking once more",
        {202: NO_BODY},
        "operator",
        (UnknownBooking, NoMail),
    ),
    stats.stats: Operation(
        "The figures of an event", {200: (operator_answers.StatsAnswer,)}, "viewer", ROOM
    ),
    admin_visitors.list_visitors: Operation(
        "Visitors who wait, are inside, are late or hold",
        {200: (operator_answers.VisitorList,)},
        "viewer",
        (*ROOM, Invalid),
        query=(*PAGE, "state", "q"),
    ),
    bans.ban: Operation(
        "Ban a visitor or an address block; places of the banned are removed",
        {201: (operator_answers.BanAnswer,)},
        "operator",
        (*ROOM, *BODY),
        body=bans.NewBan,
    ),
    bans.list_bans: Operation(
        "The bans that are in force, newest first",
        {200: (operator_answers.BanList,)},
        "viewer",
        (*ROOM, Invalid),
        query=PAGE,
    ),
    bans.reach: Operation(
        "How many places a ban of this visitor or block would end",
        {200: (operator_answers.BanReach,)},
        "viewer",
        (*ROOM, Invalid),
        query=("visitor", "block"),
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
        {200: (operator_answers.PlaceAnswer,)},
        "operator",
        (*ROOM, *BODY, NotInLine, LineClosed, SaleStopped),
        body=admin_visitors.Reason,
    ),
    admin_visitors.remove: Operation(
        "Take away a visitor's place and pass", {204: NO_BODY}, "operator", (*ROOM, NotInLine)
    ),
}
