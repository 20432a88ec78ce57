"""Operations: for each handler of the route table its callers, bodies, answers and refusals."""

from typing import Any

from booking_rush.booking.holds import errors
from booking_rush.booking.holds.bookings import UnknownBooking
from booking_rush.booking.joining.ban_list import Banned
from booking_rush.booking.mail.resend import NoMail
from booking_rush.booking.payments.provider import BadSignature
from booking_rush.booking.saga.cancellation import NotRefundable
from booking_rush.errors import Invalid, TooManyRequests
from booking_rush.queue.event_registry import UnknownEvent
from booking_rush.queue.join_checks.identity import IdentityRequired, IdentityUsed
from booking_rush.queue.join_checks.join_request import JoinRequest
from booking_rush.queue.line import (
    CodeUsedUp,
    LineClosed,
    LineFull,
    NotInLine,
    ProofRequired,
    UnknownCode,
)
from booking_rush.queue.sale_clock import SaleStopped
from booking_rush.server.admin import sessions
from booking_rush.server.api import (
    bookings,
    contract,
    events,
    history,
    holds,
    places,
    tickets,
    visitors,
    webhooks,
)
from booking_rush.server.auth.operator_sessions import UnknownSession
from booking_rush.server.auth.second_factors import CodeRequired
from booking_rush.server.contract import answers
from booking_rush.server.contract.operation import (
    BODY,
    EVENTS,
    FILE,
    HOLD,
    HTML,
    KEY,
    NO_BODY,
    PAGE,
    ROOM,
    SVG,
    TEXT,
    Operation,
)
from booking_rush.server.contract.operator_operations import OPERATORS
from booking_rush.server.pages import pages, place_page, ticket_page
from booking_rush.server.protocol import problems
from booking_rush.server.sockets.sse import stream
from booking_rush.server.web import health
from booking_rush.server.web.static_files import serve_root_file, serve_static

OPERATIONS: dict[Any, Operation] = {
    places.join: Operation(
        "Join the line: 201, or 200 where the visitor has a place already",
        {200: (answers.OwnPlace,), 201: (answers.OwnPlace,)},
        "visitor",
        (
            *ROOM,
            *BODY,
            Banned,
            IdentityRequired,
            IdentityUsed,
            LineClosed,
            LineFull,
            ProofRequired,
            UnknownCode,
            CodeUsedUp,
        ),
        body=JoinRequest,
        is_body_optional=True,
    ),
    places.place: Operation(
        "Read one's place; the request confirms presence",
        {200: (answers.OwnPlace,)},
        "visitor",
        (*ROOM, NotInLine),
    ),
    places.leave: Operation("Give up place or pass", {204: NO_BODY}, "visitor", ROOM),
    history.own_history: Operation(
        "What became of one's places, and why, with what happened to the event meanwhile",
        {200: (answers.History,)},
        "visitor",
        ROOM,
    ),
    history.journal: Operation(
        "The journal of an event: each change of a place, of rules and of state, in a chain",
        {200: (answers.JournalPage,)},
        refusals=(UnknownEvent, Invalid),
        query=PAGE,
    ),
    stream: Operation(
        "The frames of the event as Server-Sent Events",
        {200: (EVENTS,)},
        "visitor",
        (*ROOM, Banned),
    ),
    visitors.new_visitor: Operation(
        "Issue a token for a new visitor, as a cookie, too", {201: (answers.NewVisitor,)}
    ),
    visitors.jwks: Operation(
        "The public keys of passes, receipts and tickets", {200: (answers.Keys,)}
    ),
    tickets.void_tickets: Operation(
        "The signed list of tickets that were given back, for doors",
        {200: (answers.VoidTickets,)},
        refusals=ROOM,
    ),
    events.events: Operation(
        "The events on sale",
        {200: (answers.Events,), 304: NO_BODY},
        refusals=(Invalid,),
        query=PAGE,
        headers=("If-None-Match",),
    ),
    events.event: Operation(
        "One event",
        {200: (answers.EventAnswer,), 304: NO_BODY},
        refusals=(UnknownEvent,),
        headers=("If-None-Match",),
    ),
    events.event_chart: Operation(
        "The drawing of every seat; it changes only when sections are added",
        {200: (answers.Chart,), 304: NO_BODY},
        refusals=(UnknownEvent, Invalid),
        query=("form",),
        headers=("If-None-Match",),
    ),
    holds.seats: Operation(
        "The seats of every section as they are now", {200: (answers.Availability,)}, refusals=ROOM
    ),
    holds.create: Operation(
        "Hold seats, or the best of a section; a repeat of a success needs no pass",
        {201: (answers.HoldAnswer,)},
        "visitor",
        (
            *ROOM,
            *BODY,
            *KEY,
            errors.SeatsTaken,
            errors.SoldOut,
            errors.HoldExists,
            errors.CoolingDown,
            errors.LimitExceeded,
            errors.UnknownSeat,
            errors.UnknownSection,
            errors.PassRequired,
            errors.PassExpired,
            errors.PassInvalid,
            LineClosed,
            SaleStopped,
        ),
        body=holds.HoldBody,
        headers=("Idempotency-Key", "Booking-Pass"),
    ),
    holds.find: Operation("Read one's hold", {200: (answers.HoldAnswer,)}, "visitor", HOLD),
    holds.release: Operation(
        "Release the seats of one's hold",
        {204: NO_BODY},
        "visitor",
        (*HOLD, errors.PaymentInProgress),
    ),
    holds.extend: Operation(
        "Let one's hold end later",
        {200: (answers.HoldAnswer,)},
        "visitor",
        (*HOLD, errors.PaymentInProgress, errors.ExtensionsUsedUp, SaleStopped),
    ),
    holds.check_out: Operation(
        "Pay for one's hold",
        {202: (answers.BookingAnswer,)},
        "visitor",
        (*HOLD, *BODY, errors.SeatsTaken, SaleStopped),
        body=holds.CheckoutBody,
    ),
    bookings.list_bookings: Operation(
        "One's own bookings, newest first",
        {200: (answers.Bookings,)},
        "visitor",
        (Invalid,),
        query=PAGE,
    ),
    bookings.booking: Operation(
        "One of one's own bookings", {200: (answers.BookingAnswer,)}, "visitor", (UnknownBooking,)
    ),
    bookings.link: Operation(
        "The secret link to a booking's tickets, which needs no cookie",
        {200: (answers.TicketLink,)},
        "visitor",
        (UnknownBooking,),
    ),
    tickets.find: Operation(
        "Have the mail about a booking sent once more; the answer tells nobody whether it is there",
        {202: (answers.Status,)},
        refusals=(*BODY, NoMail),
        body=tickets.FindBody,
    ),
    bookings.cancel: Operation(
        "Give a booking back: its money is refunded, then its seats are free",
        {202: (answers.BookingAnswer,)},
        "visitor",
        (UnknownBooking, NotRefundable),
    ),
    bookings.qr: Operation(
        "The code of a ticket as an image",
        {200: (SVG,), 304: NO_BODY},
        "visitor",
        (UnknownBooking, problems.NotFound),
        headers=("If-None-Match",),
    ),
    webhooks.webhook: Operation(
        "Take a signed webhook of a payment provider; 200 once it is committed",
        {200: (answers.Status,)},
        refusals=(problems.NotFound, problems.TooLarge, Invalid, BadSignature),
        body=answers.Document,
    ),
    sessions.log_in: Operation(
        "Begin an operator's session, with its cookie and CSRF token",
        {200: (answers.Session,)},
        refusals=(*BODY, problems.NotAuthenticated, CodeRequired, TooManyRequests),
        body=sessions.Login,
    ),
    sessions.log_out: Operation("End one's session on the server, too", {204: NO_BODY}, "operator"),
    sessions.list_sessions: Operation(
        "One's own sessions, the newest first; an admin is told everybody's",
        {200: (answers.OperatorSessions,)},
        "viewer",
    ),
    sessions.end_session: Operation(
        "End a session of one's own; an admin ends any",
        {204: NO_BODY},
        "operator",
        (UnknownSession,),
    ),
    sessions.me: Operation("The operator of this session", {200: (answers.Session,)}, "viewer"),
    **OPERATORS,
    pages.home: Operation("The page of events on sale", {200: (HTML,), 304: NO_BODY}),
    pages.event: Operation(
        "The page of an event", {200: (HTML,), 304: NO_BODY, 404: (HTML,)}, refusals=(UnknownEvent,)
    ),
    place_page.join: Operation(
        "Join the line by a form, and see the place", {303: NO_BODY}, refusals=ROOM
    ),
    place_page.leave: Operation(
        "Leave the line by a form, for browsers without scripts", {303: NO_BODY}, refusals=ROOM
    ),
    place_page.line: Operation(
        "The page of one's place, for browsers without scripts", {200: (HTML,)}, refusals=ROOM
    ),
    ticket_page.show_tickets: Operation(
        "The tickets of a booking by their secret link",
        {200: (HTML,), 404: (HTML,)},
        refusals=(problems.NotFound,),
    ),
    ticket_page.show_ticket_code: Operation(
        "The code of a ticket by its secret link",
        {200: (SVG,), 304: NO_BODY},
        refusals=(problems.NotFound,),
        headers=("If-None-Match",),
    ),
    pages.admin: Operation("The page of operators", {200: (HTML,), 304: NO_BODY}),
    serve_root_file: Operation(
        "A file that browsers and robots look for",
        {200: (SVG, TEXT, "text/javascript"), 304: NO_BODY},
    ),
    health.healthz: Operation(
        "Liveness of this process", {200: (answers.Status,), 503: (answers.Status,)}
    ),
    health.readyz: Operation(
        "Readiness of this process for traffic", {200: (answers.Status,), 503: (answers.Status,)}
    ),
    contract.show_openapi: Operation(
        "Routes, bodies, answers and codes, in OpenAPI 3.1",
        {200: (answers.Document,), 304: NO_BODY},
    ),
    contract.show_asyncapi: Operation(
        "Commands, frames and close codes, in AsyncAPI 3.0",
        {200: (answers.Document,), 304: NO_BODY},
    ),
    contract.show_page: Operation("The contract as a page", {200: (HTML,), 304: NO_BODY}),
    health.show_metrics: Operation("Metrics in the text format of Prometheus", {200: (TEXT,)}),
    serve_static: Operation(
        "A file of the pages", {200: (FILE,), 304: NO_BODY}, refusals=(problems.NotFound,)
    ),
}
