"""HTTP endpoints for visitors: their bookings, cancellation and ticket QR codes."""

import io
from functools import lru_cache

import segno
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.bookings import Booking, UnknownBooking
from booking_rush.booking.saga.cancellation import cancel as cancel_booking
from booking_rush.server.protocol.problems import NotFound
from booking_rush.server.web.authentication import visitor_of
from booking_rush.server.web.requests import booking_id_of, page_of, page_start_of, services_of
from booking_rush.server.web.responses import answer

QR_MAX = 1024


async def list_bookings(request: Request) -> Response:
    """Answer `GET /api/v1/bookings`: the visitor's own bookings, newest first."""
    services = services_of(request)
    visitor = visitor_of(request, services)
    limit, after = page_of(request)
    found, more = await bookings.page(
        services.pool, limit=limit, after=page_start_of(after), visitor=visitor
    )
    members = [booking.members(services.signer.ticket) for booking in found]
    return answer(200, {"bookings": members, "next": more})


async def booking(request: Request) -> Response:
    """Answer `GET /api/v1/bookings/{booking}`."""
    found = await own_booking(request)
    return answer(200, {"booking": found.members(services_of(request).signer.ticket)})


async def cancel(request: Request) -> Response:
    """Answer `POST /api/v1/bookings/{booking}/cancel`: refund the money, then free the seats."""
    found = await own_booking(request)
    services = services_of(request)
    cancelled = await cancel_booking(services.pool, found.id, f"visitor:{found.visitor}")
    return answer(202, {"booking": cancelled.members(services.signer.ticket)})


async def qr(request: Request) -> Response:
    """Answer `GET /api/v1/bookings/{booking}/tickets/{ticket}/qr.svg` with the code as SVG."""
    found = await own_booking(request)
    for ticket in found.tickets(services_of(request).signer.ticket):
        if ticket["id"] == request.path_params["ticket"]:
            image = _qr(ticket["code"])
            headers = {"Cache-Control": "private, max-age=3600"}
            return Response(image, 200, headers, media_type="image/svg+xml")
    raise NotFound


async def own_booking(request: Request) -> Booking:
    """Return the booking in the path, which must be the visitor's own.

    Raises:
        UnknownBooking: there is none, or it belongs to another visitor.
    """
    services = services_of(request)
    visitor = visitor_of(request, services)
    found = await bookings.get(services.pool, booking_id_of(request.path_params["booking"]))
    if found.visitor != visitor:
        raise UnknownBooking
    return found


@lru_cache(QR_MAX)
def _qr(code: str) -> bytes:
    image = io.BytesIO()
    qr_code = segno.make(code, error="l", micro=False)
    qr_code.save(image, kind="svg", scale=4, border=4, xmldecl=False)
    return image.getvalue()
