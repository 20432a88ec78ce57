"""The compact form of a chart: a row of even steps as a count, an offset and a step."""

from typing import Any

Json = dict[str, Any]


def compact_chart(chart: Json) -> Json:
    """Return the same drawing with rows as `{"name","seats":n,"at":[x,y],"step":[dx,dy],"gaps"}`.

    Seat k of 1 to n lies at `at` + (k - 1) * `step` and is a standard one; numbers in `gaps` do not
    exist. A row that is not like that keeps its list of seats.
    """
    return {"sections": [_section(section) for section in chart["sections"]]}


def _section(section: Json) -> Json:
    if "rows" not in section:
        return section
    return {**section, "rows": [_row(row) for row in section["rows"]]}


def _row(row: Json) -> Json:
    """Return a row in its compact form, or as it is where that would draw something else."""
    seats: list[Json] = row["seats"]
    if not seats:
        return row
    first, last = seats[0], seats[-1]
    count, between = last["number"], last["number"] - first["number"]
    step = [(last[axis] - first[axis]) / between if between else 0.0 for axis in "xy"]
    at = [first[axis] - (first["number"] - 1) * by for axis, by in zip("xy", step, strict=True)]
    present = [seat["number"] for seat in seats]
    given = set(present)
    gaps = [number for number in range(1, count + 1) if number not in given]
    if len(gaps) > len(seats):
        return row
    compact: Json = {"name": row["name"], "seats": count, "at": at, "step": step, "gaps": gaps}
    return compact if expand_row(compact) == row else row


def expand_row(row: Json) -> Json:
    """Return a row of either form with its list of seats, as the page draws it."""
    if not isinstance(row["seats"], int):
        return row
    gaps = set(row["gaps"])
    (x, y), (by_x, by_y) = row["at"], row["step"]
    seats = [
        {
            "number": number,
            "x": x + (number - 1) * by_x,
            "y": y + (number - 1) * by_y,
            "kind": "standard",
        }
        for number in range(1, row["seats"] + 1)
        if number not in gaps
    ]
    return {"name": row["name"], "seats": seats}
