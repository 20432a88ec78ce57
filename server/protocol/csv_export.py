"""CSV export of bookings."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return bookings as CSV with a header row, its columns named as in the JSON, and
    `show_time`, the show's time by the clock of its venue.

    Values that are no texts are written as JSON. A cell that a spreadsheet would take for a
    formula begins with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, restval="", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        fields = {**row, "show_time": _show_time(row.get("show"))}
        writer.writerow({name: _cell(fields.get(name, "")) for name in CSV_COLUMNS})
    return text.getvalue()


CSV_COLUMNS = (
    "id", "event", "reference", "visitor", "state", "reason", "seats", "section", "quantity",
    "total", "payment", "tickets", "show", "show_time", "standing", "name",
)  # fmt: skip


def _show_time(show: dict[str, str] | None) -> str:
    """The time of a show in its own zone, which is named: `2026-12-27 20:00 Europe/Berlin`."""
    if show is None:
        return ""
    moment = datetime.fromisoformat(show["starts_at"]).astimezone(ZoneInfo(show["time_zone"]))
    return f"{moment:%Y-%m-%d %H:%M} {show['time_zone']}"


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text
