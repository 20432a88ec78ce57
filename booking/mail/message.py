"""A booking's mail as a message, from its facts and the texts of a language alone; no I/O."""

import io
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any, Literal

import segno

from booking_rush.booking.catalogue.catalogue import Event
from booking_rush.booking.holds.bookings import Booking
from booking_rush.booking.holds.contacts import Contact, Language
from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.booking.holds.serializers import reference_of

Kind = Literal["confirmed", "expired", "refunded"]
Texts = Mapping[str, Any]
Tickets = Sequence[Mapping[str, Any]]

TEXTS = Path(__file__).parent / "texts"
PICTURES_MAX = 50  # of one mail; the codes of all its tickets are in its text
# ISO 4217: currencies whose minor unit is no hundredth.
DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, and where its pages are (empty: nowhere that may be told)."""

    sender: str
    public_url: str = ""


@cache
def texts_of(language: Language) -> Texts:
    """The texts of a language."""
    return tomllib.loads((TEXTS / f"{language}.toml").read_text())


def write(
    kind: Kind,
    booking: Booking,
    event: Event,
    tickets: Tickets,
    *,
    to: Contact,
    head: Sender,
    at: datetime,
) -> EmailMessage:
    """The mail; its Message-ID is the same however often it is written."""
    texts = texts_of(to.language)
    facts = _facts(booking, event, tickets, texts=texts, head=head)
    message = EmailMessage()
    message["From"] = head.sender
    message["To"] = Address(addr_spec=to.email)
    message["Subject"] = texts[kind]["subject"].format_map(facts)
    message["Date"] = at
    message["Message-ID"] = f"<{booking.id}.{kind}@{head.sender.rpartition('@')[2].strip('>')}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = to.language
    message.set_content(texts[kind]["text"].format_map(facts).strip() + "\n")
    for number, ticket in enumerate(tickets[:PICTURES_MAX], 1):
        message.add_attachment(
            _picture(ticket["code"]),
            maintype="image",
            subtype="png",
            filename=f"ticket-{number}.png",
        )
    return message


def _facts(
    booking: Booking, event: Event, tickets: Tickets, *, texts: Texts, head: Sender
) -> dict[str, str]:
    """What the texts may name."""
    url = f"{head.public_url.rstrip('/')}/events/{event.id}"
    return {
        "reference": reference_of(booking.id),
        "event": " ".join(event.name.split()),
        "when": "; ".join(_when(moment, texts) for moment in _moments(booking, event)),
        "places": _places(booking, event, texts),
        "total": money(booking.total, booking.currency),
        "tickets": "\n".join(
            texts["ticket"].strip().format(
                number=number,
                place=_place(ticket["seat"], number, booking, event, texts=texts),
                code=ticket["code"],
            )
            + "\n"
            for number, ticket in enumerate(tickets, 1)
        ),
        "link": texts["link"].rstrip().format(url=url) if head.public_url else "",
    }  # fmt: skip


def _moments(booking: Booking, event: Event) -> list[datetime]:
    """When the shows of these places begin."""
    sections = {booking.section} | {SeatId.parse(seat).section for seat in booking.seats}
    shows = {section.show for section in event.sections if section.id in sections}
    return sorted({show.starts_at for show in event.shows if show.id in shows})


def _when(moment: datetime, texts: Texts) -> str:
    moment = moment.astimezone(UTC)
    month, year = texts["months"][moment.month - 1], moment.year + texts["year_added"]
    told: str = texts["when"].format(
        day=moment.day, month=month, year=year, clock=f"{moment:%H:%M}"
    )
    return told


def _places(booking: Booking, event: Event, texts: Texts) -> str:
    if booking.seats:
        seats = [_place(seat, 0, booking, event, texts=texts) for seat in booking.seats]
        return "; ".join(seats)
    told: str = texts["places"].format(
        quantity=booking.quantity, section=_name_of(booking.section, event)
    )
    return told


def _place(seat: str | None, number: int, booking: Booking, event: Event, *, texts: Texts) -> str:
    """A seat, or the so-manieth place of a standing section."""
    if seat is None:
        told: str = texts["place"].format(section=_name_of(booking.section, event), number=number)
        return told
    section, row, chair = SeatId.parse(seat)
    told = texts["seat"].format(section=_name_of(section, event), row=row, number=chair)
    return told


def _name_of(section: str, event: Event) -> str:
    return next((one.name for one in event.sections if one.id == section), section)


def money(amount: int, currency: str) -> str:
    """An amount of minor units as people read it: `1,234.50 EUR`."""
    digits = DIGITS.get(currency, 2)
    whole, rest = divmod(amount, 10**digits)
    return f"{whole:,}{f'.{rest:0{digits}}' if digits else ''} {currency}"


def _picture(code: str) -> bytes:
    image = io.BytesIO()
    segno.make(code, error="l", micro=False).save(image, kind="png", scale=4, border=4)
    return image.getvalue()
