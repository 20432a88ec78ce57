"""The seat inventory in Postgres: every row of every section, with the seats held and claimed."""

from collections import defaultdict

import orjson

from booking_rush.booking.catalogue.events import SeatedSection, Section
from booking_rush.booking.catalogue.rows import section_of
from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.lua.events.commands import SectionInventory
from booking_rush.postgres import Connection

Marks = dict[SeatId, str]  # the characters of seats that are not free


async def sections(connection: Connection, event: str) -> list[SectionInventory]:
    """Return the inventory of every section, in the order of the event."""
    found = await connection.fetch(
        "SELECT to_jsonb(sections) AS row FROM sections WHERE event = $1 ORDER BY position", event
    )
    rows = [orjson.loads(row["row"]) for row in found]
    marks = await _marks(connection, event)
    held = await connection.fetch(
        """
        SELECT section, sum(quantity - cardinality(seats))::int AS standing FROM bookings
        WHERE event = $1 AND state = 'held' AND section <> '' GROUP BY section
        """,
        event,
    )
    held_places = {row["section"]: row["standing"] for row in held}
    return [
        inventory_of(
            section_of(row), marks[row["id"]], row["claimed"] + held_places.get(row["id"], 0)
        )
        for row in rows
    ]


def empty_inventory(section: Section) -> SectionInventory:
    """Return the inventory of a section of which nothing is held or claimed."""
    return inventory_of(section, {}, 0)


def inventory_of(section: Section, marks: Marks, taken: int) -> SectionInventory:
    """Return the inventory of a section; `taken` counts the places of a standing one."""
    amount, currency = section.price.amount, section.price.currency
    if not isinstance(section, SeatedSection):
        free = section.capacity - taken
        return SectionInventory(section.id, "standing", amount, currency, free, [])
    by_row = defaultdict[str, dict[int, str]](dict)
    closed = dict.fromkeys(map(SeatId.parse, section.closed), "x")
    for seat, mark in (closed | marks).items():  # a hold that was granted before counts
        by_row[seat.row][seat.number] = mark
    rows = [
        (row.name, "".join(by_row[row.name].get(n, ".") for n in range(1, row.seats + 1)))
        for row in section.rows
    ]
    free = sum(text.count(".") for _, text in rows)
    return SectionInventory(section.id, "seated", amount, currency, free, rows)


async def _marks(connection: Connection, event: str) -> defaultdict[str, Marks]:
    """Return by section the marks of seats: `h` held or being paid, `s` sold."""
    rows = await connection.fetch(
        """
        SELECT unnest(seats) AS seat, 'h' AS mark FROM bookings
        WHERE event = $1 AND state = 'held'
        UNION ALL
        SELECT seat, CASE WHEN paying.id IS NULL THEN 's' ELSE 'h' END
        FROM claims LEFT JOIN (SELECT id FROM bookings WHERE event = $1 AND state = 'paying')
            AS paying ON paying.id = claims.booking
        WHERE claims.event = $1
        """,
        event,
    )
    marks = defaultdict[str, Marks](dict)
    for row in rows:
        seat = SeatId.parse(row["seat"])
        marks[seat.section][seat] = row["mark"]
    return marks


# Those that ended are loaded for a day, too: a repeated request gets the answer of the first.
LOAD_HOLDS = """
    SELECT * FROM bookings
    WHERE event = $1 AND (state IN ('held', 'paying', 'retaking', 'confirmed', 'refunding')
        OR created_at > now() - interval '24 hours')
    ORDER BY id
"""
