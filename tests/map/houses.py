"""Houses of the map's tests."""

from typing import Any


def block(number: int, *, price: int = 6500, rows: int = 3, seats: int = 8) -> dict[str, Any]:
    """Return a section, `b` and its number, with rows from A on."""
    return {
        "id": f"b{number}",
        "show": "evening",
        "name": f"Block {number}",
        "kind": "seated",
        "rows": [{"name": "ABCDEFGH"[row], "seats": seats} for row in range(rows)],
        "price": {"amount": price, "currency": "EUR"},
    }
