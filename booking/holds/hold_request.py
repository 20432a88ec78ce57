"""A validated request to hold seats, and the right by which a visitor makes it."""

import hashlib
from typing import NamedTuple

import msgspec

from booking_rush.errors import Invalid, Refusal
from booking_rush.lua.holds import commands as lua
from booking_rush.text import Name64

QUANTITY_MAX = 1000  # of one hold; tickets_per_visitor_max is bounded by the same


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Member `standing` of a hold request: places of a standing section, beside seats."""

    section: Name64
    quantity: int


class HoldRequest(NamedTuple):
    """Seats by id, a quantity of a section (of a seated one the best that are free), or both: then
    the section is a standing one.
    """

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
    standing: Standing | msgspec.UnsetType,
) -> HoldRequest:
    """Check a request's members. Return it.

    Raises:
        Invalid: neither seats nor a section with a quantity, or both, or a seat twice.
    """
    if seats is msgspec.UNSET:
        if section is msgspec.UNSET or quantity is msgspec.UNSET:
            raise Invalid(("seats", "seats, or a section and a quantity"))
        if standing is not msgspec.UNSET:
            raise Invalid(("standing", "goes with seats, not with a section and a quantity"))
        return HoldRequest([], section, _checked_quantity("quantity", quantity))
    if section is not msgspec.UNSET or quantity is not msgspec.UNSET:
        raise Invalid(("seats", "either seats, or a section and a quantity"))
    named = _checked_seats(seats)
    if standing is msgspec.UNSET:
        return HoldRequest(named)
    places = _checked_quantity("standing.quantity", standing.quantity)
    return HoldRequest(named, standing.section, places)


def _checked_seats(seats: list[str]) -> list[str]:
    if not 1 <= len(seats) <= QUANTITY_MAX:
        raise Invalid(("seats", f"1 to {QUANTITY_MAX} seats"))
    if len(set(seats)) < len(seats):
        raise Invalid(("seats", "the same seat twice"))
    return seats


def _checked_quantity(field: str, quantity: int) -> int:
    if not 1 <= quantity <= QUANTITY_MAX:
        raise Invalid((field, f"1 to {QUANTITY_MAX}"))
    return quantity


class Right(NamedTuple):
    """The right to hold: the visitor's active place, or a pass of this number and wave.

    With a `refusal` the visitor has none: a repeat is answered, anything else is refused with it.
    """

    kind: lua.Right
    number: int = 0
    wave: int = 0
    refusal: Refusal | None = None


PLACE = Right("place")
