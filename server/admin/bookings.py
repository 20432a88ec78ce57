"""HTTP endpoints for operators: list, refund and reconcile bookings, and send mails again."""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking import audit
from booking_rush.booking.catalogue.rows import Event
from booking_rush.booking.holds import booking_search, bookings
from booking_rush.booking.holds.states import STATES
from booking_rush.booking.mail.resend import NoMail, send_again
from booking_rush.booking.saga.cancellation import cancel
from booking_rush.booking.saga.reconciliation import Comparison
from booking_rush.errors import Invalid
from booking_rush.server.admin.audit import record_action
from booking_rush.server.protocol.csv_export import as_csv
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import (
    booking_id_of,
    decode_json,
    event_id_of,
    likes,
    page_of,
    page_start_of,
    read_body,
    room_of,
    services_of,
)
from booking_rush.server.web.responses import answer
from booking_rush.text import Text, is_line


class RefundBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a refund: perhaps a reason, which the journal records."""

    reason: Text | None = None


async def list_bookings(request: Request) -> Response:
    """Answer `GET A/bookings`: newest first, as JSON, or as CSV where Accept says so.

    With `?q=` those that a reference, visitor, seat or mail address means.
    """
    await require_operator(request, "viewer")
    if request.query_params.get("q"):
        return await _search(request, request.query_params["q"])
    services = services_of(request)
    room = await room_of(request)
    limit, after = page_of(request)
    state = request.query_params.get("state") or None
    if state is not None and state not in STATES:
        raise Invalid(("state", f"one of {', '.join(STATES)}"))
    found, more = await bookings.page(
        services.pool, limit=limit, after=page_start_of(after), event=room.row.id, state=state
    )
    members = [booking.operator_members() for booking in found]
    if likes(request, "text/csv"):
        headers = {"Link": f'<?after={more}>; rel="next"'} if more else None
        return Response(as_csv(members), 200, headers, media_type="text/csv")
    return answer(200, {"bookings": members, "next": more})


async def searched_event(request: Request, text: str) -> tuple[Event, list[tuple[str, str]]]:
    """Return the event in which a text is searched for, and its sections' ids and names.

    Raises:
        Invalid: the text is no line, or a long one.
    """
    if not is_line(text, booking_search.TEXT_MAX):
        raise Invalid(("q", f"a line of up to {booking_search.TEXT_MAX} characters"))
    event = await services_of(request).catalogue.event(event_id_of(request))
    return event, [(section.id, section.name) for section in event.sections]


async def _search(request: Request, text: str) -> Response:
    event, sections = await searched_event(request, text)
    found = await booking_search.search(services_of(request).pool, event.id, text, sections)
    members = [booking.operator_members() for booking in found]
    return answer(200, {"bookings": members, "next": None})


async def tickets(request: Request) -> Response:
    """Answer `GET /api/v1/admin/bookings/{booking}/tickets` with the codes, and record who read.

    A code opens the door, so lists have none.
    """
    operator = await require_operator(request, "operator")
    services = services_of(request)
    found = await bookings.get(services.pool, booking_id_of(request))
    async with services.pool.acquire() as connection:
        await audit.record(connection, operator.name, "tickets", found.event, booking=str(found.id))
    signed = await asyncio.to_thread(found.tickets, services.signer.ticket)
    return answer(200, {"tickets": signed}, {"Cache-Control": "no-store"})


async def refund(request: Request) -> Response:
    """Answer `POST /api/v1/admin/bookings/{booking}/refund`, perhaps with a reason in the body."""
    operator = await require_operator(request, "operator")
    services = services_of(request)
    booking = booking_id_of(request)
    body = await read_body(request)
    reason = decode_json(body, RefundBody).reason if body else None
    found = await cancel(services.pool, booking, operator.name, after_begin=True, reason=reason)
    return answer(202, {"booking": found.operator_members()})


async def send_mail(request: Request) -> Response:
    """Answer `POST /api/v1/admin/bookings/{booking}/mail`: send the mail about it once more."""
    operator = await require_operator(request, "operator")
    services = services_of(request)
    if not services.settings.mail_from:
        raise NoMail("this server sends no mails: RUSH_SMTP_URL and RUSH_MAIL_FROM are not set")
    await send_again(services.pool, booking_id_of(request), who=operator.name)
    return answer(202)


async def reconcile(request: Request) -> Response:
    """Answer `POST A/reconcile`: the differences between Redis, Postgres and the bank."""
    operator = await require_operator(request, "operator")
    services = services_of(request)
    room = await room_of(request)
    comparison = Comparison(services.pool, services.rooms.events, services.payments)
    found = await comparison.of(room.row.id)
    await record_action(request, operator, "reconcile", differences=len(found))
    return answer(200, {"differences": [difference.members() for difference in found]})
