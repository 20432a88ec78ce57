"""Commands of visitors about seats and holds, and their replies."""

from typing import Literal

import msgspec

from booking_rush.lua.commands import Command, Reply, SaleIsStopped

HoldState = Literal["held", "paying", "sold", "released", "expired"]
Right = Literal["place", "pass", "none"]


class Hold(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Hold with all its fields, as Redis has it packed, and so as an outbox entry; times in ms.

    Packed it is an array: the order of the fields is that of `AT` in `carts.lua`. A cart is the
    same array with more behind these fields.

    `section`: of the places that have no seat; `quantity`: seats and such places together;
    `prices`: one amount a seat, then one for all places of the section; `deadline`: in sale time;
    `first`, `left_first`: wall time of the deadline, and extensions left, when the hold was made;
    `number`, `wave`: of the pass that it was made under; `step`: of the order obeyed last;
    `print`: fingerprint of the request that came with the idempotency key `key`; `entry`: outbox
    entry of the last checkout.
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


class ShownHold(msgspec.Struct, frozen=True, array_like=True):
    """Hold as far as its visitor is shown it: the first fields of the same array.

    Who it is of is not read: one name that is no text would fail a whole batch.
    """

    id: str
    visitor: msgspec.Raw
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


def standing_of(hold: Hold | ShownHold) -> int:
    """Return how many places of a hold have no seat."""
    return hold.quantity - len(hold.seats)


class HoldReply(Reply, frozen=True, kw_only=True):
    """Hold as Redis has it, packed once; the wall's time is `later_ms` later than the sale's."""

    hold: ShownHold
    later_ms: int

    @property
    def id(self) -> str:
        """Return the hold's id."""
        return self.hold.id

    @property
    def state(self) -> HoldState:
        """Return the hold's state."""
        return self.hold.state

    @property
    def deadline_ms(self) -> int:
        """Return when it ends, by the wall."""
        return self.hold.deadline + self.later_ms


class Held(HoldReply, frozen=True, kw_only=True):
    """Hold that was made, found or extended."""


class HoldExists(HoldReply, frozen=True, kw_only=True):
    """Refusal: the visitor has this living hold already."""


class KeyReused(Reply, frozen=True):
    """Refusal: the idempotency key came with another request before."""


class NoRight(Reply, frozen=True):
    """Refusal: the visitor is not admitted, or not by this pass."""


class NotOnSale(Reply, frozen=True):
    """Refusal: seats cannot be held in this state of the event."""


class UnknownSeats(Reply, frozen=True):
    """Refusal: these are no seats of the event."""

    seats: list[str]


class UnknownSection(Reply, frozen=True):
    """Refusal: the event has no such section."""


class CoolingDown(Reply, frozen=True):
    """Refusal: as many holds of the visitor ended unpaid just now as may; wait so long, ms."""

    wait_ms: int


class LimitExceeded(Reply, frozen=True):
    """Refusal: a visitor may have `most` tickets, and this one has `taken` already."""

    most: int
    taken: int


class MixedCurrencies(Reply, frozen=True):
    """Refusal: the seats are sold in different currencies."""


class SeatsTaken(Reply, frozen=True):
    """Refusal: these seats are not free."""

    conflicts: list[str]


class SoldOut(Reply, frozen=True):
    """Refusal: fewer places are free than were requested."""


class UnknownHold(Reply, frozen=True):
    """Refusal: the visitor has no such hold, or has released it."""


class HoldOver(Reply, frozen=True):
    """Refusal: the hold has expired."""


class BeingPaid(Reply, frozen=True):
    """Refusal: the hold is being paid, or sold."""


class ExtensionsUsedUp(Reply, frozen=True):
    """Refusal: the hold has no extensions left."""


class HoldsRead(Reply, frozen=True):
    """Holds of those named that Redis has, and the sale's time."""

    holds: list[Hold]
    now_ms: int


class HoldReleased(Reply, frozen=True):
    """Reply: the hold has ended, its seats are free."""


class CheckedOut(Reply, frozen=True):
    """Attempt by which the hold is being paid; it may be sent once Postgres has the outbox entry.

    `again`: an earlier command began it.
    """

    attempt: int
    entry: str
    again: bool


class HoldSeats(
    Command[
        Held | KeyReused | NoRight | SaleIsStopped | NotOnSale | UnknownSeats | UnknownSection
        | HoldExists | CoolingDown
        | LimitExceeded | MixedCurrencies | SeatsTaken | SoldOut
    ],
    frozen=True,
):  # fmt: skip
    """Hold the named seats, and `quantity` places of a standing section where one is given with
    them; where no seat is named, `quantity` places of a section of either kind.

    `right`: with `place` the visitor must be active; with `pass` by this number and wave, too;
    with `none` a repeat alone is answered. `publish`: the hold is published to every process;
    `given_back`: as one that its visitor does not know of.
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
    given_back: bool = False


class FindHold(Command[Held | UnknownHold | HoldOver], frozen=True):
    """Read a visitor's hold; without an id, the living one."""

    visitor: str
    hold: str


class ReadHolds(Command[HoldsRead], frozen=True):
    """Read holds as Redis has them, each named by its visitor and its id, whatever their state."""

    holds: list[tuple[str, str]]


class ExtendHold(
    Command[Held | UnknownHold | HoldOver | BeingPaid | ExtensionsUsedUp | SaleIsStopped],
    frozen=True,
):
    """Move a hold's deadline to later."""

    visitor: str
    hold: str


class ReleaseHold(Command[HoldReleased | UnknownHold | HoldOver | BeingPaid], frozen=True):
    """End a hold for its visitor."""

    visitor: str
    hold: str


class CheckoutHold(Command[CheckedOut | UnknownHold | HoldOver | SaleIsStopped], frozen=True):
    """Begin to pay a hold by a payment method."""

    visitor: str
    hold: str
    method: str
