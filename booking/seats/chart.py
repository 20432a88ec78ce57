"""The chart of a house: where every seat is, for a map to draw; it changes only with the event."""

from typing import Any

from booking_rush.booking.catalogue.events import Row, SeatedSection, Section, kind_of


def chart(sections: list[Section]) -> dict[str, Any]:
    """`{"sections": […]}`; seats have places of their own in a section's plane.

    x and y are in seats: rows stand one behind the other and are centred on x = 0, so the
    nearest seat to the front centre is the one with the least |x| in the least y.
    """
    return {"sections": [_section(section) for section in sections]}


def _section(section: Section) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": section.id,
        "show": section.show,
        "name": section.name,
        "kind": kind_of(section),
        "price": {"amount": section.price.amount, "currency": section.price.currency},
    }
    if isinstance(section, SeatedSection):
        shown["rows"] = [_row(row, depth) for depth, row in enumerate(section.rows)]
    else:
        shown["capacity"] = section.capacity
    return shown


def _row(row: Row, depth: int) -> dict[str, Any]:
    middle = (row.seats + 1) / 2
    seats = [
        {"number": number, "x": number - middle, "y": depth, "kind": "standard"}
        for number in range(1, row.seats + 1)
    ]
    return {"name": row.name, "seats": seats}
