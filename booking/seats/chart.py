"""The chart of an event: the position of every seat for a map; it changes only with the event."""

from typing import Any

from booking_rush.booking.catalogue.events import Row, SeatedSection, Section, kind_of


def chart(sections: list[Section]) -> dict[str, Any]:
    """Return `{"sections": […]}`, with x and y of every seat in the plane of its section.

    x and y are counted in seats: rows are one behind the other, y = 0 at the front, and centred on
    x = 0. The seat nearest to the front centre has the least |x| in the least y.
    """
    return {"sections": [_section(section) for section in sections]}


def _section(section: Section) -> dict[str, Any]:
    members: dict[str, Any] = {
        "id": section.id,
        "show": section.show,
        "name": section.name,
        "kind": kind_of(section),
        "price": {"amount": section.price.amount, "currency": section.price.currency},
    }
    if isinstance(section, SeatedSection):
        members["rows"] = [_row(row, depth) for depth, row in enumerate(section.rows)]
    else:
        members["capacity"] = section.capacity
    return members


def _row(row: Row, depth: int) -> dict[str, Any]:
    middle = (row.seats + 1) / 2
    seats = [
        {"number": number, "x": number - middle, "y": depth, "kind": "standard"}
        for number in range(1, row.seats + 1)
    ]
    return {"name": row.name, "seats": seats}
