"""What may be asked of Redis about seats and holds, and what it answers."""

from typing import Literal

import msgspec

from booking_rush.lua.commands import Command, Reply

HoldState = Literal["held", "paying", "sold", "released", "expired"]
Right = Literal["place", "pass", "none"]


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A hold as Redis keeps it, and as an outbox entry of a booking says it; times in ms.

    `prices` has one amount a seat, of a standing section one for all; `first` and `left_first`
    are deadline and extensions as the hold was made; `step` is the last that was obeyed;
    `print` is the fingerprint of the wish that came with `key`.
    """

    id: str
    visitor: str
    state: HoldState
    seats: list[str]
    prices: list[int]
    currency: str
    section: str
    quantity: int
    adjacent: bool
    made: int
    deadline: int
    first: int
    left: int
    left_first: int
    extended: int
    step: int
    number: int
    wave: int
    key: str
    print: str
    attempt: int
    method: str
    pay_until: int
    entry: str
    reason: str


# Replies


class HoldReply(Reply, frozen=True, kw_only=True):
    """A hold, as its holder is shown it."""

    id: str
    state: HoldState
    seats: list[str]
    prices: list[int]
    currency: str
    section: str
    quantity: int
    adjacent: bool
    deadline_ms: int
    left: int


class Held(HoldReply, frozen=True, kw_only=True):
    """The hold that was asked for, made or found."""


class HoldExists(HoldReply, frozen=True, kw_only=True):
    """Another one of the visitor lives still."""


class KeyReused(Reply, frozen=True):
    """The key came with another wish before."""


class NoRight(Reply, frozen=True):
    """The visitor is not admitted, or not by this pass."""


class NotOnSale(Reply, frozen=True):
    """The event is not in a state in which seats can be held."""


class UnknownSeats(Reply, frozen=True):
    """These are no seats of the event."""

    seats: list[str]


class UnknownSection(Reply, frozen=True):
    """There is no such section."""


class LimitExceeded(Reply, frozen=True):
    """More than a visitor may have, who has `taken` already."""

    most: int
    taken: int


class MixedCurrencies(Reply, frozen=True):
    """The seats cost different currencies."""


class SeatsTaken(Reply, frozen=True):
    """These are not free."""

    conflicts: list[str]


class SoldOut(Reply, frozen=True):
    """Fewer places are free than were asked for."""


class UnknownHold(Reply, frozen=True):
    """The visitor has no such hold, or has given it back."""


class HoldOver(Reply, frozen=True):
    """The hold ended by time."""


class BeingPaid(Reply, frozen=True):
    """A payment of it is on its way, or done."""


class ExtensionsUsedUp(Reply, frozen=True):
    """It was extended as often as may be."""


class HoldReleased(Reply, frozen=True):
    """Its seats are free again."""


class CheckedOut(Reply, frozen=True):
    """It is being paid by this attempt, as may be said once Postgres has the entry.

    `again`: so it was before.
    """

    attempt: int
    entry: str
    again: bool


# Commands: of visitors


class HoldSeats(
    Command[
        Held | KeyReused | NoRight | NotOnSale | UnknownSeats | UnknownSection | HoldExists
        | LimitExceeded | MixedCurrencies | SeatsTaken | SoldOut
    ],
    frozen=True,
):  # fmt: skip
    """Keep seats: named ones, or where none is named, `quantity` of a section.

    `right`: `place`, the visitor's active place decides; `pass`, it must be of this number and
    wave; `none`, only a repeat is answered. `publish`: published to every process.
    """

    hold: str
    visitor: str
    key: str
    print: str
    seats: list[str]
    section: str
    quantity: int
    right: Right
    number: int = 0
    wave: int = 0
    publish: bool = False


class FindHold(Command[Held | UnknownHold | HoldOver], frozen=True):
    """Look at a hold of a visitor; without an id, at the living one."""

    visitor: str
    hold: str


class ExtendHold(
    Command[Held | UnknownHold | HoldOver | BeingPaid | ExtensionsUsedUp], frozen=True
):
    """Let it end later."""

    visitor: str
    hold: str


class ReleaseHold(Command[HoldReleased | UnknownHold | HoldOver | BeingPaid], frozen=True):
    """Give it back."""

    visitor: str
    hold: str


class CheckoutHold(Command[CheckedOut | UnknownHold | HoldOver], frozen=True):
    """Begin to pay it, by a method."""

    visitor: str
    hold: str
    method: str
