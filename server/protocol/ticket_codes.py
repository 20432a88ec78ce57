"""Codes of tickets, and texts as QR codes in SVG."""

import io
from functools import lru_cache

import segno

from booking_rush.booking.holds.bookings import Booking, Sign
from booking_rush.server.protocol.problems import NotFound

IMAGES_MAX = 1024


def code_of(booking: Booking, ticket_id: str, sign: Sign) -> str:
    """Return the code of a booking's ticket.

    Raises:
        NotFound: the booking has no such ticket, or none any more.
    """
    for ticket in booking.tickets(sign):
        if ticket["id"] == ticket_id:
            return str(ticket["code"])
    raise NotFound


@lru_cache(IMAGES_MAX)
def image_of(code: str) -> bytes:
    """Return the QR code of a ticket's code; it is asked for again by each page with the ticket."""
    return qr_code_of(code)


def qr_code_of(text: str) -> bytes:
    """Return a text as a QR code in SVG, with the margin that readers want."""
    image = io.BytesIO()
    qr_code = segno.make(text, error="l", micro=False)
    qr_code.save(image, kind="svg", scale=4, border=4, xmldecl=False)
    return image.getvalue()
