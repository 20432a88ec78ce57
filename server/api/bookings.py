"""HTTP endpoints for visitors: their bookings, cancellation and ticket QR codes."""

import asyncio
import hashlib
import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import segno
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.bookings import Booking, Sign, UnknownBooking
from booking_rush.booking.saga.cancellation import cancel as cancel_booking
from booking_rush.server.protocol.problems import NotFound
from booking_rush.server.web.authentication import visitor_of
from booking_rush.server.web.requests import (
    booking_id_of,
    page_of,
    page_start_of,
    services_of,
    ticket_id_of,
)
from booking_rush.server.web.responses import answer, has_current

QR_MAX = 1024


async def list_bookings(request: Request) -> Response:
    """Answer `GET /api/v1/bookings`: the visitor's own bookings, newest first."""
    services = services_of(request)
    visitor = visitor_of(request, services)
    limit, after = page_of(request)
    found, more = await bookings.page(
        services.pool, limit=limit, after=page_start_of(after), visitor=visitor
    )
    members = await asyncio.to_thread(_signed, found, services.signer.ticket)
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
    found, ticket_id = await own_booking(request), ticket_id_of(request)
    tickets = await asyncio.to_thread(found.tickets, services_of(request).signer.ticket)
    code = next((ticket["code"] for ticket in tickets if ticket["id"] == ticket_id), None)
    if code is None:
        raise NotFound
    etag = f'"{hashlib.sha256(code.encode()).hexdigest()[:32]}"'
    headers = {"Cache-Control": "private, no-cache", "ETag": etag}  # a refund ends the code
    if has_current(request.headers, etag):
        return Response(status_code=304, headers=headers)
    image = await asyncio.to_thread(_qr, code)
    return Response(image, 200, headers, media_type="image/svg+xml")


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


@lru_cache(QR_MAX)
def _qr(code: str) -> bytes:
    image = io.BytesIO()
    qr_code = segno.make(code, error="l", micro=False)
    qr_code.save(image, kind="svg", scale=4, border=4, xmldecl=False)
    return image.getvalue()
