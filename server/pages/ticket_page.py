"""The page of a booking's tickets behind its secret link: for who has no cookie, on any device."""

import asyncio
from html import escape
from string import Template
from typing import Any, cast
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.bookings import Booking, UnknownBooking
from booking_rush.booking.holds.contacts import Language
from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.booking.holds.serializers import reference_of
from booking_rush.booking.mail.message import texts_of
from booking_rush.server.pages.documents import show_time, venue_of
from booking_rush.server.pages.languages import site_for
from booking_rush.server.pages.plain_page import plain_page
from booking_rush.server.protocol.ticket_codes import code_of
from booking_rush.server.web.requests import services_of
from booking_rush.server.web.responses import answer_code
from booking_rush.server.web.static_files import Site

Json = dict[str, Any]
# The address is the secret: no other page is told it, no cache keeps it, no robot lists it.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
MAIN = Template("""      <header class="about"><h1>${name}</h1><p class="soft">${venue}</p></header>
      <div class="office">
        <section class="panel booking" data-state="${state}">
          <p class="headline"><span class="chip" data-state="${state}">${state_text}</span>
            <span class="soft">${reference_label} <strong>${reference}</strong></span></p>
          <h2>${heading}</h2>
          <p>${lead}</p>
          <ul class="tickets">${tickets}</ul>
        </section>
      </div>""")
TICKET = Template("""
            <li class="pass" data-testid="ticket"><div><span class="label">${name}</span>
              <strong>${place}</strong>${holder}<span>${when}</span><span>${venue}</span>
              <span>${reference_label} ${reference}</span></div>
              <img src="${path}/${number}.svg" alt="${alt}" width="240" height="240"></li>""")

# Text from outside in a direction of its own, which turns nothing around it.
HOLDER = Template("""<span data-testid="ticket-name">${label} <bdi>${name}</bdi></span>""")


async def show_tickets(request: Request) -> Response:
    """Answer `GET /tickets/{link}`: the tickets of the link's booking, or what became of it."""
    booking = await _booking_of(request)
    event = orjson.loads(await services_of(request).events.event(booking.event))
    found = site_for(request)
    main = MAIN.substitute(_values(found, booking, event, request.url.path))
    title = f"{_text_of(found.texts, 'titles', booking)} · {event['name']}"
    page = plain_page(found, "event.html", title, main)
    return Response(page, 200, HEADERS, media_type="text/html")


async def show_ticket_code(request: Request) -> Response:
    """Answer `GET /tickets/{link}/{number}.svg` with the code of a ticket."""
    booking = await _booking_of(request)
    ticket = f"{booking.id}-{request.path_params['number']}"
    code = await asyncio.to_thread(code_of, booking, ticket, services_of(request).signer.ticket)
    return await answer_code(request.headers, code)


async def _booking_of(request: Request) -> Booking:
    """Return the booking of the link in the path.

    Raises:
        HTTPException: 404, since we did not sign it, or the booking is not kept any more.
    """
    services = services_of(request)
    id_: UUID | None = services.ticket_links.read(request.path_params["link"])
    if id_ is not None:
        try:
            return await bookings.get(services.pool, id_)
        except UnknownBooking:
            pass
    raise HTTPException(404)


def _values(found: Site, booking: Booking, event: Json, path: str) -> dict[str, str]:
    """Return the values of the page, which are HTML."""
    texts = found.texts
    common = {
        "name": escape(event["name"]),
        "venue": escape(venue_of(event)),
        "reference_label": escape(texts["seats.booking.reference"]),
        "reference": reference_of(booking.id),
        "path": escape(path),
        "holder": HOLDER.substitute(
            label=escape(texts["seats.names.name"]), name=escape(booking.name)
        )
        if booking.name
        else "",
    }
    tickets = [
        TICKET.substitute(common, number=number, **_ticket(found, event, booking, ticket, number))
        for number, ticket in enumerate(booking.tickets(None), 1)
    ]
    return common | {
        "state": booking.state,
        "state_text": escape(_text_of(texts, "states", booking)),
        "heading": escape(_text_of(texts, "titles", booking)),
        "lead": escape(_text_of(texts, "leads", booking)),
        "tickets": "".join(tickets),
    }


def _ticket(
    found: Site, event: Json, booking: Booking, ticket: Json, number: int
) -> dict[str, str]:
    """Return the values of one ticket, which are HTML."""
    words = texts_of(cast("Language", found.language))
    names = {section["id"]: section["name"] for section in event["sections"]}
    seat = SeatId.parse(ticket["seat"]) if ticket["seat"] else None
    section = seat.section if seat else booking.section
    name = names.get(section, section)
    place: str = (
        words["seat"].format(section=name, row=seat.row, number=seat.number)
        if seat
        else words["place"].format(section=name, number=number - len(booking.seats))
    )
    when = show_time(ticket["show"], found.texts) if "show" in ticket else ""
    return {"place": escape(place), "when": escape(when), "alt": escape(f"QR: {place}")}


def _text_of(texts: dict[str, str], table: str, booking: Booking) -> str:
    """Return the text of a booking's state and reason, or else of its state."""
    base = f"seats.booking.{table}.{booking.state}"
    return texts.get(f"{base}.{booking.reason}") or texts.get(base, "")
