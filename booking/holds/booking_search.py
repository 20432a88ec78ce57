"""Search of bookings by what a caller says: a reference, visitor, seat, name or address."""

import base64
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from booking_rush.booking.holds.bookings import COLUMNS, TABLES, Booking, booking_of
from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.postgres import Pool
from booking_rush.text import person_name_of

FOUND_MAX = 100  # bookings of one answer
TEXT_MAX = 200  # characters of a query

REFERENCE = re.compile(r"([A-Z2-7]{5})[\s-]*([A-Z2-7]{5})\Z")
MISREAD = str.maketrans("018", "OIB")  # a reference has no such digits
SEAT_ID = re.compile(r"([a-z0-9-]{1,64})\.([A-Z0-9]{1,4})-(\d{1,4})\Z")
SEAT_IN_WORDS = re.compile(
    r"(?P<name>.*?)[\s,·]*(?:\brow\s+)?\b(?P<row>[a-z0-9]{1,4})\s*(?:[,\s]\s*(?:seat\s+)?|-)"
    r"(?P<number>\d{1,4})\Z",
    re.IGNORECASE,
)


class Criterion(NamedTuple):
    """One thing to look for: texts are of the statement of its kind."""

    kind: Literal["booking", "visitor", "reference", "email", "seat", "name"]
    texts: list[str]


# Each uses an index, and has the event as $1, the texts as $2 and the limit as $3.
STATEMENTS = {
    "booking": "SELECT id FROM bookings WHERE event = $1 AND id = ANY($2::text[]::uuid[]) LIMIT $3",
    "visitor": """SELECT id FROM bookings WHERE visitor = ANY($2::text[]) AND event = $1
        ORDER BY id DESC LIMIT $3""",
    "reference": """SELECT id FROM bookings
        WHERE attempt > 0 AND event = $1
            AND substr(id::text, 22) COLLATE "C" BETWEEN ($2::text[])[1] AND ($2::text[])[2]
        LIMIT $3""",
    "email": """SELECT id FROM contacts JOIN bookings ON bookings.id = contacts.booking
        WHERE lower(email) = ANY($2::text[]) AND event = $1 ORDER BY id DESC LIMIT $3""",
    "name": """SELECT id FROM contacts JOIN bookings ON bookings.id = contacts.booking
        WHERE string_to_array(lower(name), ' ')
                @> string_to_array(lower(array_to_string($2::text[], ' ')), ' ')
            AND name <> '' AND event = $1 ORDER BY id DESC LIMIT $3""",
    "seat": "SELECT booking FROM claims WHERE event = $1 AND seat = ANY($2::text[]) LIMIT $3",
}


def criteria_of(text: str, sections: Sequence[tuple[str, str]]) -> list[Criterion]:
    """Return the things that a text may mean; `sections` are the event's ids and names.

    A text of ten letters may be a reference, and `B 16` is that seat of every section. A name is
    found by each of its words.
    """
    text = " ".join(text.split())
    if "@" in text:
        return [Criterion("email", [text.lower()])]
    if text.startswith("v_"):
        return [Criterion("visitor", [text])]
    found: list[Criterion] = []
    if booking := _uuid_of(text):
        found.append(Criterion("booking", [str(booking)]))
    if letters := reference_letters(text):
        found.append(Criterion("reference", digits_of(letters)))
    if seats := _seats_of(text, sections):
        found.append(Criterion("seat", seats))
    if name := person_name_of(text):
        found.append(Criterion("name", name.split()))
    return found


def reference_letters(text: str) -> str | None:
    """Return the ten letters of a reference as a person writes it, or None of another text."""
    found = REFERENCE.match(text.strip().upper().translate(MISREAD))
    return found[1] + found[2] if found else None


def digits_of(letters: str) -> list[str]:
    """Return the first and the last end of a booking's id that has this reference.

    The reference is of 50 bits; 6 more follow. Ends are written as in an id: `xx-xxxxxxxxxxxx`.
    """
    bits = int.from_bytes(base64.b32decode(letters + "AAAAAA"), "big") >> 30
    ends = [f"{bits << 6:014x}", f"{(bits << 6) + 63:014x}"]
    return [f"{end[:2]}-{end[2:]}" for end in ends]


async def search(
    pool: Pool, event: str, text: str, sections: Sequence[tuple[str, str]]
) -> list[Booking]:
    """Return the bookings of an event that a text means, the newest first, at most FOUND_MAX."""
    ids: set[UUID] = set()
    for criterion in criteria_of(text, sections):
        rows = await pool.fetch(STATEMENTS[criterion.kind], event, criterion.texts, FOUND_MAX)
        ids.update(row[0] for row in rows)
    rows = await pool.fetch(
        f"SELECT {COLUMNS} FROM {TABLES} WHERE id = ANY($1) ORDER BY id DESC LIMIT $2",  # noqa: S608
        list(ids),
        FOUND_MAX,
    )
    return [booking_of(row) for row in rows]


def _uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _seats_of(text: str, sections: Sequence[tuple[str, str]]) -> list[str]:
    """Return the ids of seats that a text names, in the sections that it names, else in all."""
    if match := SEAT_ID.match(text):
        return [str(SeatId(match[1], match[2], int(match[3])))]
    if not (match := SEAT_IN_WORDS.match(text)):
        return []
    name = match["name"].strip(" ,·").casefold()
    row, number = match["row"].upper(), int(match["number"])
    meant = [id_ for id_, title in sections if name in (id_, title.casefold())]
    return [str(SeatId(id_, row, number)) for id_ in meant or ([] if name else _ids_of(sections))]


def _ids_of(sections: Sequence[tuple[str, str]]) -> list[str]:
    return [id_ for id_, _ in sections]
