"""HTTP endpoints for visitors: their bookings, cancellation and ticket QR codes."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.bookings import Booking, Sign, UnknownBooking
from booking_rush.booking.saga.cancellation import cancel as cancel_booking
from booking_rush.server.protocol.ticket_codes import code_of
from booking_rush.server.web.authentication import renew_visitor_cookie, visitor_of
from booking_rush.server.web.requests import (
    booking_id_of,
    page_of,
    page_start_of,
    services_of,
    ticket_id_of,
)
from booking_rush.server.web.responses import answer, answer_code


async def list_bookings(request: Request) -> Response:
    """Answer `GET /api/v1/bookings`: the visitor's own bookings, newest first."""
    services = services_of(request)
    visitor = visitor_of(request, services)
    limit, after = page_of(request)
    found, more = await bookings.page(
        services.pool, limit=limit, after=page_start_of(after), visitor=visitor
    )
    members = await asyncio.to_thread(_signed, found, services.signer.ticket)
    response = answer(200, {"bookings": members, "next": more})
    renew_visitor_cookie(request, response, services)
    return response


async def booking(request: Request) -> Response:
    """Answer `GET /api/v1/bookings/{booking}`."""
    found = await own_booking(request)
    return answer(200, {"booking": found.members(services_of(request).signer.ticket)})


async def link(request: Request) -> Response:
    """Answer `GET /api/v1/bookings/{booking}/link`: the secret link to its tickets."""
    found = await own_booking(request)
    return answer(200, {"url": services_of(request).ticket_links.path_of(found.id)})


async def cancel(request: Request) -> Response:
    """Answer `POST /api/v1/bookings/{booking}/cancel`: refund the money, then free the seats."""
    found = await own_booking(request)
    services = services_of(request)
    cancelled = await cancel_booking(services.pool, found.id, f"visitor:{found.visitor}")
    return answer(202, {"booking": cancelled.members(services.signer.ticket)})


async def qr(request: Request) -> Response:
    """Answer `GET /api/v1/bookings/{booking}/tickets/{ticket}/qr.svg` with the code as SVG."""
    found, ticket_id = await own_booking(request), ticket_id_of(request)
    code = await asyncio.to_thread(code_of, found, ticket_id, services_of(request).signer.ticket)
    return await answer_code(request.headers, code)


async def own_booking(request: Request) -> Booking:
    """Return the booking in the path, which must be the visitor's own.

    Raises:
        UnknownBooking: there is none, or it belongs to another visitor.
    """
    services = services_of(request)
    visitor = visitor_of(request, services)
    found = await bookings.get(services.pool, booking_id_of(request))
    if found.visitor != visitor:
        raise UnknownBooking
    return found


def _signed(found: Sequence[Booking], sign: Sign) -> list[dict[str, Any]]:
    """Serialize bookings; a thousand with their codes are a second of work, so in a thread."""
    return [booking.members(sign) for booking in found]
