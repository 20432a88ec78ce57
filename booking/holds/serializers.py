"""Holds and seats as JSON members of the wire contract. Pure."""

import base64
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.booking.holds.shows import ShowsBySection, show_members
from booking_rush.lua.holds.commands import Hold, HoldReply, ShownHold
from booking_rush.timestamps import moment


def hold_members(event: str, held: HoldReply, shows: ShowsBySection) -> dict[str, Any]:
    """Serialize a hold, with its show where that is known."""
    hold = held.hold
    members: dict[str, Any] = {
        "id": hold.id,
        "event": event,
        "state": "held" if hold.state == "held" else "paying",
        "seats": seat_members(hold.seats, hold.prices, hold.currency),
        "quantity": hold.quantity,
        "adjacent": hold.adjacent,
        "total": {"amount": total_of(hold), "currency": hold.currency},
        "expires_at": moment(held.deadline_ms),
        "extensions_left": hold.left,
    }
    if hold.section:
        members["section"] = hold.section
    return members | show_members(shows, sections_of(hold.seats, hold.section))


def sections_of(seats: Sequence[str], section: str) -> set[str]:
    """Return the sections of seats, or the one of standing places."""
    return {seat.partition(".")[0] for seat in seats} or {section}


def total_of(hold: Hold | ShownHold) -> int:
    """Return the price of a hold, in minor units."""
    return sum(hold.prices) if hold.seats else hold.prices[0] * hold.quantity


def seat_members(
    seats: Sequence[str], prices: Sequence[int], currency: str
) -> list[dict[str, Any]]:
    """Serialize seats, with the parts of their ids and their prices."""
    return [
        {
            "id": seat,
            **SeatId.parse(seat)._asdict(),
            "price": {"amount": amount, "currency": currency},
        }
        for seat, amount in zip(seats, prices, strict=False)
    ]


def reference_of(booking: UUID) -> str:
    """Return the reference that a buyer can read out: 50 random bits of the id, `ABCDE-FGHIJ`."""
    letters = base64.b32encode(booking.bytes[-7:]).decode()[:10]
    return f"{letters[:5]}-{letters[5:]}"
