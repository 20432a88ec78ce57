"""CSV export of bookings."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import orjson

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return bookings as CSV with a header row, its columns named as in the JSON.

    Values that are no texts are written as JSON. A cell that a spreadsheet would take for a
    formula begins with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, restval="", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row.get(name, "")) for name in CSV_COLUMNS})
    return text.getvalue()


CSV_COLUMNS = (
    "id", "event", "reference", "visitor", "state", "reason", "seats", "section", "quantity",
    "total", "payment", "tickets",
)  # fmt: skip


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text
