"""Messages of the mail duty, from a booking, its event and the texts of a language. Pure."""

import io
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any, Literal

import segno

from booking_rush.booking.catalogue.events import Show
from booking_rush.booking.catalogue.rows import Event
from booking_rush.booking.holds.bookings import Booking
from booking_rush.booking.holds.contacts import Contact, Language
from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.booking.holds.serializers import reference_of, sections_of
from booking_rush.booking.mail.included import included_in
from booking_rush.booking.mail.locales import Forms, forms_of, local_time, money
from booking_rush.booking.mail.ticket_links import TicketLinks

MailKind = Literal["confirmed", "expired", "refunded"]
Texts = Mapping[str, Any]
Tickets = Sequence[Mapping[str, Any]]

TEXTS = Path(__file__).parent / "texts"
QR_CODES_MAX = 50  # images in one mail; the text has the codes of all its tickets


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender: a mailbox `Name <address>`, and the URL of its pages; empty: no links.

    With `links` a mail leads to its tickets, otherwise to the event's page.
    """

    mailbox: str
    public_url: str = ""
    links: TicketLinks | None = None

    def url_of(self, booking: Booking) -> str:
        """Return where a booking can be seen."""
        path = self.links.path_of(booking.id) if self.links else f"/events/{booking.event}"
        return self.public_url.rstrip("/") + path


@cache
def texts_of(language: Language) -> Texts:
    """Return the texts of a language, read from its file once."""
    return tomllib.loads((TEXTS / f"{language}.toml").read_text())


def write(
    kind: MailKind,
    booking: Booking,
    event: Event,
    tickets: Tickets,
    *,
    to: Contact,
    sender: Sender,
    at: datetime,
    asked: int = 0,
) -> EmailMessage:
    """Return the message of a mail; repeats have the same Message-ID.

    `asked`: how often it was asked for again; each of those mails has an id of its own, since a
    mailbox shows one of an id.
    """
    texts = texts_of(to.language)
    forms = forms_of(to.language)
    values = _values(booking, event, tickets, texts=texts, forms=forms, sender=sender)
    message = EmailMessage()
    message["From"] = sender.mailbox
    message["To"] = Address(addr_spec=to.email)
    message["Subject"] = texts[kind]["subject"].format_map(values)
    message["Date"] = at
    host = sender.mailbox.rpartition("@")[2].strip(">")
    message["Message-ID"] = f"<{booking.id}.{kind}{f'.{asked}' if asked else ''}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = to.language
    message.set_content(texts[kind]["text"].format_map(values).strip() + "\n")
    for number, ticket in enumerate(tickets[:QR_CODES_MAX], 1):
        message.add_attachment(
            _qr_code(ticket["code"]),
            maintype="image",
            subtype="png",
            filename=f"ticket-{number}.png",
        )
    return message


def _values(
    booking: Booking,
    event: Event,
    tickets: Tickets,
    *,
    texts: Texts,
    forms: Forms,
    sender: Sender,
) -> dict[str, str]:
    """Return the values that texts may name in braces."""
    return {
        "reference": reference_of(booking.id),
        "event": " ".join(event.name.split()),
        "when": "; ".join(
            local_time(show.starts_at, show.time_zone, forms) for show in _shows(booking, event)
        ),
        "where": _where(event, texts),
        "name": texts["name"].rstrip().format(name=booking.name) if booking.name else "",
        "places": _places(booking, event, texts),
        "total": money(booking.total, booking.currency, forms),
        "includes": _includes(booking, event, texts, forms),
        "tickets": "\n".join(
            texts["ticket"].strip().format(
                number=number,
                place=_place(
                    ticket["seat"], number - len(booking.seats), booking, event, texts=texts
                ),
                code=ticket["code"],
            )
            + "\n"
            for number, ticket in enumerate(tickets, 1)
        ),
        "terms": _terms(event, texts),
        "link": _link(booking, sender, texts),
    }  # fmt: skip


def _includes(booking: Booking, event: Event, texts: Texts, forms: Forms) -> str:
    """Return the line that names the fees and taxes in the total, or nothing."""
    parts = [
        f"{name} {money(amount, booking.currency, forms)}"
        for name, amount in included_in(booking, event).items()
    ]
    text: str = texts["includes"].rstrip()
    return text.format(parts=", ".join(parts)) if parts else ""


def _link(booking: Booking, sender: Sender, texts: Texts) -> str:
    """Return the lines with the link to a booking, or nothing."""
    text: str = texts["link"].rstrip()
    return text.format(url=sender.url_of(booking)) if sender.public_url else ""


def _terms(event: Event, texts: Texts) -> str:
    """Return the lines that name the terms of the event, or nothing."""
    if event.terms is None:
        return ""
    name = event.terms.name or texts["terms_name"].format(event=" ".join(event.name.split()))
    text: str = texts["terms"]
    return text.format(name=name, url=event.terms.url)


def _shows(booking: Booking, event: Event) -> list[Show]:
    """Return the shows of these places, the first to begin first."""
    sections = sections_of(booking.seats, booking.section)
    shows = {section.show for section in event.sections if section.id in sections}
    return sorted(
        (show for show in event.shows if show.id in shows), key=lambda show: show.starts_at
    )


def _where(event: Event, texts: Texts) -> str:
    """Return the line that names the venue, or nothing."""
    if event.venue is None:
        return ""
    place = ", ".join(filter(None, (event.venue.name, event.venue.address)))
    text: str = texts["where"].rstrip().format(venue=place)
    return text


def _places(booking: Booking, event: Event, texts: Texts) -> str:
    places = [_place(seat, 0, booking, event, texts=texts) for seat in booking.seats]
    if booking.section:
        name = _name_of(booking.section, event)
        places.append(texts["places"].format(quantity=booking.standing, section=name))
    return "; ".join(places)


def _place(seat: str | None, number: int, booking: Booking, event: Event, *, texts: Texts) -> str:
    """Return the text of a seat, or of the `number`-th place of a standing section."""
    if seat is None:
        text: str = texts["place"].format(section=_name_of(booking.section, event), number=number)
        return text
    section, row, chair = SeatId.parse(seat)
    text = texts["seat"].format(section=_name_of(section, event), row=row, number=chair)
    return text


def _name_of(section: str, event: Event) -> str:
    return next((one.name for one in event.sections if one.id == section), section)


def _qr_code(code: str) -> bytes:
    image = io.BytesIO()
    segno.make(code, error="l", micro=False).save(image, kind="png", scale=4, border=4)
    return image.getvalue()
