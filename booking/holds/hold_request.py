"""A validated request for seats: what to hold, under which key, by which right."""

import hashlib
from typing import NamedTuple

import msgspec

from booking_rush.errors import Invalid, Refusal
from booking_rush.lua.holds import commands as lua

QUANTITY_MAX = 1000  # of one hold; tickets_per_visitor_max is bounded by the same


class HoldRequest(NamedTuple):
    """Seats by name, or where none is named, a quantity of a section."""

    seats: list[str]
    section: str = ""
    quantity: int = 0

    @property
    def fingerprint(self) -> str:
        """What tells one wish from another under the same key."""
        return hashlib.sha256(msgspec.json.encode(list(self))).hexdigest()[:32]


def hold_request_of(
    seats: list[str] | msgspec.UnsetType,
    section: str | msgspec.UnsetType,
    quantity: int | msgspec.UnsetType,
) -> HoldRequest:
    """What somebody asks for.

    Raises:
        Invalid: neither seats nor a section with a quantity, or both, or a seat twice.
    """
    if seats is not msgspec.UNSET:
        if section is not msgspec.UNSET or quantity is not msgspec.UNSET:
            raise Invalid(("seats", "either seats, or a section and a quantity"))
        if not 1 <= len(seats) <= QUANTITY_MAX:
            raise Invalid(("seats", f"1 to {QUANTITY_MAX} seats"))
        if len(set(seats)) < len(seats):
            raise Invalid(("seats", "the same seat twice"))
        return HoldRequest(seats)
    if section is msgspec.UNSET or quantity is msgspec.UNSET:
        raise Invalid(("seats", "seats, or a section and a quantity"))
    if not 1 <= quantity <= QUANTITY_MAX:
        raise Invalid(("quantity", f"1 to {QUANTITY_MAX}"))
    return HoldRequest([], section, quantity)


class Right(NamedTuple):
    """Why a visitor may hold: their active place (a socket), or a pass of this number and wave.

    `refusal` is why not: then only a repeat is answered.
    """

    kind: lua.Right
    number: int = 0
    wave: int = 0
    refusal: Refusal | None = None


PLACE = Right("place")
