"""Holds and seats as JSON members of the wire contract. Pure."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.lua.holds.commands import Hold, HoldReply
from booking_rush.timestamps import instant


def hold_members(event: str, hold: HoldReply) -> dict[str, Any]:
    """A hold, as the wire writes it."""
    shown: dict[str, Any] = {
        "id": hold.id,
        "event": event,
        "state": "held" if hold.state == "held" else "paying",
        "seats": seat_members(hold.seats, hold.prices, hold.currency),
        "quantity": hold.quantity,
        "adjacent": hold.adjacent,
        "total": {"amount": total_of(hold), "currency": hold.currency},
        "expires_at": instant(datetime.fromtimestamp(hold.deadline_ms / 1000, UTC)),
        "extensions_left": hold.left,
    }
    if hold.section:
        shown["section"] = hold.section
    return shown


def total_of(hold: Hold | HoldReply) -> int:
    """What a hold costs, in minor units."""
    return sum(hold.prices) if hold.seats else hold.prices[0] * hold.quantity


def seat_members(
    seats: Sequence[str], prices: Sequence[int], currency: str
) -> list[dict[str, Any]]:
    """Seats with their parts and prices."""
    return [
        {
            "id": seat,
            **SeatId.parse(seat)._asdict(),
            "price": {"amount": amount, "currency": currency},
        }
        for seat, amount in zip(seats, prices, strict=False)
    ]


def reference_of(booking: UUID) -> str:
    """What a buyer reads out at the box office: 50 random bits of the id, `ABCDE-FGHIJ`."""
    letters = base64.b32encode(booking.bytes[-7:]).decode()[:10]
    return f"{letters[:5]}-{letters[5:]}"
