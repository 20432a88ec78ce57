"""Holds and seats as JSON members of the wire contract. Pure."""

import base64
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.booking.holds.shows import ShowsBySection, show_members
from booking_rush.lua.holds.commands import Hold, HoldReply, ShownHold, standing_of
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
    members |= standing_members(hold.section, len(hold.seats), hold.quantity)
    return members | show_members(shows, sections_of(hold.seats, hold.section))


def sections_of(seats: Sequence[str], section: str) -> set[str]:
    """Return the sections of seats, and the one of standing places where there are some."""
    found = {seat.partition(".")[0] for seat in seats}
    return found | {section} if section else found


def standing_members(section: str, seats: int, quantity: int) -> dict[str, Any]:
    """Return `{standing}` of a hold that has more places than seats, else nothing.

    Return `{section}`, too, where it has no seats.
    """
    if not section:
        return {}
    standing = {"standing": {"section": section, "quantity": quantity - seats}}
    return standing if seats else {"section": section, **standing}


def total_of(hold: Hold | ShownHold) -> int:
    """Return the price of a hold, in minor units."""
    standing = standing_of(hold)
    return sum(hold.prices) + (hold.prices[-1] * (standing - 1) if standing else 0)


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
