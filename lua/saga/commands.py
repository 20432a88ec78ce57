"""Commands that carry out the saga's orders in Redis, and their replies: one class each."""

from typing import Literal

from booking_rush.lua.commands import Command, Published, Reply
from booking_rush.lua.holds.commands import Hold


class Obeyed(Reply, frozen=True):
    """Redis is as Postgres ordered."""


class StepPassed(Reply, frozen=True):
    """A later step was obeyed already; nothing was done."""


class NothingHeld(Reply, frozen=True):
    """The hold is not here, or has no places any more; nothing was done."""


class SeatsLost(Reply, frozen=True):
    """The seats cannot be taken again; nothing was taken."""


class MarkSold(Command[Obeyed | StepPassed], frozen=True):
    """The booking is confirmed; `hold` as Postgres has it, for one that Redis has forgotten."""

    hold: Hold
    step: int


class FreeHold(Command[Obeyed | StepPassed | NothingHeld], frozen=True):
    """The booking ended; `others` are seats that other bookings claim, `h` or `s`."""

    hold: str
    step: int
    state: Literal["released", "expired"]
    reason: str
    others: dict[str, str]


class ReopenHold(Command[Obeyed | StepPassed | NothingHeld], frozen=True):
    """The payment failed, and may be tried again, unless another try has begun."""

    hold: str
    step: int
    attempt: int


class RetakeHold(Command[Obeyed | StepPassed | SeatsLost], frozen=True):
    """Money came late: take the seats again; `hold` as Postgres has it."""

    hold: Hold
    step: int


class PublishBooking(Command[Published], frozen=True):
    """Say that a booking of a visitor has another state."""

    visitor: str
    booking: str
