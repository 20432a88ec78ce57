"""The chart of an event: the position of every seat for a map; it changes only with the event."""

from collections.abc import Mapping
from typing import Any

from booking_rush.booking.catalogue.events import (
    Row,
    SeatedSection,
    Section,
    kind_of,
    price_members,
)
from booking_rush.booking.catalogue.presentation import layout_of


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
        **price_members(section),
    }
    layout = layout_of(section)
    members |= {name: value for name, value in layout.items() if name != "kinds"}
    if isinstance(section, SeatedSection):
        kinds = {seat: kind for kind, seats in section.kinds.items() for seat in seats}
        members["rows"] = [
            _row(section.id, row, depth, kinds) for depth, row in enumerate(section.rows)
        ]
    else:
        members["capacity"] = section.capacity
    return members


def _row(section: str, row: Row, depth: int, kinds: Mapping[str, str]) -> dict[str, Any]:
    middle = (row.seats + 1) / 2
    seats = [
        {
            "number": number,
            "x": number - middle,
            "y": depth,
            "kind": kinds.get(f"{section}.{row.name}-{number}", "standard")
            if kinds
            else "standard",
        }
        for number in range(1, row.seats + 1)
    ]
    return {"name": row.name, "seats": seats}
