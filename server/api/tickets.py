"""HTTP endpoints about tickets: void ones, for doors, and lost ones, for buyers."""

import logging
import time

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.contacts import contact_of
from booking_rush.booking.mail.lost_tickets import letters_of, mail_again
from booking_rush.booking.mail.resend import NoMail
from booking_rush.postgres import UNAVAILABLE
from booking_rush.server.web.requests import read_json, room_of, services_of
from booking_rush.server.web.responses import answer
from booking_rush.server.web.services import Services
from booking_rush.text import Address, Name64

log = logging.getLogger(__name__)

VOID_LIST_S = 5  # how long a list is given again before it is read anew


class FindBody(msgspec.Struct, forbid_unknown_fields=True):
    """A reference and an address, as a buyer knows them."""

    reference: Name64
    email: Address


async def find(request: Request) -> Response:
    """Answer `POST /api/v1/bookings/find`: 202 whatever there is; the mailbox gets the tickets.

    The mail is asked for after the answer, whose time tells nothing, either.

    Raises:
        Invalid: it is no reference, or no address.
        NoMail: this server sends no mails.
    """
    services = services_of(request)
    body = await read_json(request, FindBody)
    letters = letters_of(body.reference)
    contact_of(body.email, "en")
    if not services.settings.mail_from:
        raise NoMail("this server sends no mails")
    services.background.start(_mail_again(services, letters, body.email))
    return answer(202, {"status": "asked"})


async def _mail_again(services: Services, letters: str, email: str) -> None:
    try:
        await mail_again(services.pool, letters, email)
    except UNAVAILABLE as why:
        log.warning("lost tickets not asked for why=%s", type(why).__name__)


async def void_tickets(request: Request) -> Response:
    """Answer `GET /.well-known/void-tickets/{event}.json`, at most VOID_LIST_S old, to anybody."""
    services = services_of(request)
    event = (await room_of(request)).row.id
    async with services.void_tickets_lock:
        at, signed = services.void_tickets.get(event, (-VOID_LIST_S, ""))
        if time.monotonic() - at >= VOID_LIST_S:
            tickets = await bookings.void_tickets(services.pool, event)
            signed = services.signer.void_tickets(event, tickets, now_s=int(time.time()))
            services.void_tickets[event] = (time.monotonic(), signed)
    return answer(
        200,
        {"event": event, "void_tickets": signed},
        {
            "Cache-Control": f"public, max-age={VOID_LIST_S}",
            "Access-Control-Allow-Origin": "*",
        },
    )
