"""A validated request to hold seats, and the right by which a visitor makes it."""

import hashlib
from typing import NamedTuple

import msgspec

from booking_rush.errors import Invalid, Refusal
from booking_rush.lua.holds import commands as lua

QUANTITY_MAX = 1000  # of one hold; tickets_per_visitor_max is bounded by the same


class HoldRequest(NamedTuple):
    """Seats by id, or a quantity of a section: of a seated one the best that are free."""

    seats: list[str]
    section: str = ""
    quantity: int = 0

    @property
    def fingerprint(self) -> str:
        """A digest that differs between two requests with the same idempotency key."""
        return hashlib.sha256(msgspec.json.encode(list(self))).hexdigest()[:32]


def hold_request_of(
    seats: list[str] | msgspec.UnsetType,
    section: str | msgspec.UnsetType,
    quantity: int | msgspec.UnsetType,
) -> HoldRequest:
    """Check a request's members. Return it.

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
    """The right to hold: the visitor's active place, or a pass of this number and wave.

    With a `refusal` the visitor has none: a repeat is answered, anything else is refused with it.
    """

    kind: lua.Right
    number: int = 0
    wave: int = 0
    refusal: Refusal | None = None


PLACE = Right("place")
