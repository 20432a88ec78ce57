"""Commands that carry out the saga's orders in Redis, and their replies.

An order carries its booking's step. A hold remembers the step that it obeyed last, so an order
that is repeated, or comes after a later one, changes nothing.
"""

from typing import Literal

import msgspec

from booking_rush.lua.commands import Command, Published, Reply
from booking_rush.lua.holds.commands import Hold


class Obeyed(Reply, frozen=True):
    """Reply: Redis is as the saga ordered."""


class StepPassed(Reply, frozen=True):
    """Refusal: the hold has obeyed a later step; nothing was changed."""


class NothingHeld(Reply, frozen=True):
    """Refusal: Redis has no such hold, or the hold has no places; no seat was changed."""


class SeatsLost(Reply, frozen=True):
    """Refusal: not all seats can be taken again; none was."""


class InventoryMoved(Reply, frozen=True):
    """Refusal: the seats are not as they were read any more; nothing was changed."""


class MarkSold(Command[Obeyed | StepPassed], frozen=True):
    """Mark a confirmed booking's seats as sold.

    `hold`: as Postgres has it, for a Redis that has lost it.
    """

    hold: Hold
    step: int


class FreeHold(Command[Obeyed | StepPassed | NothingHeld], frozen=True):
    """Free the seats of a booking that has ended.

    `others`: seats that other bookings claim or hold, each with its character, `h` or `s`. Text
    that is no UTF-8 is given packed.
    """

    visitor: str | msgspec.Raw
    hold: str | msgspec.Raw
    step: int
    state: Literal["released", "expired"]
    reason: str
    others: dict[str, str]


class ReopenHold(Command[Obeyed | StepPassed | NothingHeld], frozen=True):
    """Let a declined payment be tried again, unless a later attempt has begun."""

    visitor: str
    hold: str
    step: int
    attempt: int


class RetakeHold(Command[Obeyed | StepPassed | SeatsLost], frozen=True):
    """Take the seats of a booking again whose money came late.

    `hold`: as Postgres has it, for a Redis that has lost it.
    """

    hold: Hold
    step: int


class SetRow(Command[Obeyed | InventoryMoved], frozen=True):
    """Write a row as Postgres has it, if it is `read` still; one character a seat."""

    section: str
    row: str
    read: str
    text: str


class SetFree(Command[Obeyed | InventoryMoved], frozen=True):
    """Set the free places of a standing section, if it is in the version that was read still."""

    section: str
    version: int
    free: int


class PublishBooking(Command[Published], frozen=True):
    """Publish that a visitor's booking has another state."""

    visitor: str
    booking: str
