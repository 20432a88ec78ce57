"""Commands of places in the line and of its ticks, and their replies."""

from typing import Any

import msgspec

from booking_rush.lua.commands import Command, EventState, Reply, SaleIsStopped


class PlaceReply(Reply, frozen=True, kw_only=True):
    """Place of a visitor, which may be sent to them once Postgres has the outbox entry.

    `entry`: empty where Postgres has the place already; `room`: the event's state; `again`: the
    place was there before this join; `connection`: number of the socket that connects, counted
    in its event; `has_held`: the visitor has held seats in the last day. A place that waits or
    waited for a draw has its `index` in the lane, and the `window` of its join (0: before opening).
    """

    lane: str
    number: int
    joined_ms: int
    waiting: int
    room: EventState
    entry: str
    again: bool = False
    connection: int = 0
    has_held: bool = False
    index: int = 0
    window: int = 0


class Waiting(PlaceReply, frozen=True, kw_only=True):
    """Place in the line, with `ahead` others of the lane before it."""

    ahead: int


class Lobby(PlaceReply, frozen=True, kw_only=True):
    """Place that waits for a draw: its `number` is 0 until then.

    Its `index` is 0, too, where the join is deferred: its address block has its share of numbers.
    """


class Admitted(PlaceReply, frozen=True, kw_only=True):
    """Place with a pass until `deadline_ms`; the visitor is late if not seen by `claim_ms`."""

    wave: int
    admitted_ms: int
    claim_ms: int
    deadline_ms: int


class Late(PlaceReply, frozen=True, kw_only=True):
    """Place of a missed turn: the visitor is admitted soon, if seen again in time."""


class NotInLine(Reply, frozen=True):
    """Reply for a visitor without a place; the fields are those of PlaceReply."""

    connection: int = 0
    has_held: bool = False


class LineClosed(Reply, frozen=True):
    """Refusal: the event's state lets nobody join, or be admitted."""


class LineFull(Reply, frozen=True):
    """Refusal: `waiting_max` visitors wait."""


class UnknownCode(Reply, frozen=True):
    """Refusal: visitors may not join the lane of this code, or not any more."""


class CodeUsedUp(Reply, frozen=True):
    """Refusal: as many visitors as may have joined by this code."""


class ProofRequired(Reply, frozen=True):
    """Refusal: so many join that each new place costs a proof of work of so many bits."""

    bits: int


class Left(Reply, frozen=True):
    """End of a place; it may be acknowledged once Postgres has the outbox entry.

    `place`: as it was, for `PutBack`.
    """

    entry: str
    place: list[Any] | None = None


class IsPutBack(Reply, frozen=True):
    """Reply: the visitor has the place again."""


class CannotPutBack(Reply, frozen=True):
    """Refusal: the visitor has another place by now, or the event is closed."""


class GoneNumbers(Reply, frozen=True):
    """Ranges of numbers beyond head that wait no more, each (first, last), ascending.

    `more`: there are others after `after`.
    """

    ranges: list[tuple[int, int]]
    more: bool
    after: int


class DueDraw(msgspec.Struct, frozen=True):
    """Draw of the indexes `first` to `last`, which Postgres has; it is done up to `drawn`."""

    lane: str
    window: int
    first: int
    last: int
    drawn: int


class Advanced(Reply, frozen=True):
    """Visitors that a tick admitted, and passes, turns and holds that it expired.

    `idle`: nobody is waiting, admitted or late, and there is no hold.
    """

    admitted: int
    dropped: int
    idle: bool
    draw: DueDraw | None = None


class PlacesDrawn(Reply, frozen=True):
    """Progress of a draw: the index up to which it is done; 0: it is over, or another."""

    drawn: int


class JoinLine(
    Command[
        Waiting
        | Lobby
        | Admitted
        | Late
        | LineClosed
        | LineFull
        | ProofRequired
        | UnknownCode
        | CodeUsedUp
    ],
    frozen=True,
):
    """Give a visitor the next number of a lane, or the place that they have already.

    `publish`: the join is published to every process, for the visitor's subscribers elsewhere.
    `proof`: name of a proof of work that is good (empty: none), whose challenge was `issued`, ms.
    `code`: id of the code that opens the lane (empty: none), which `uses` visitors may use.
    `block`: digest of the address block of the visitor (empty: not known).
    """

    visitor: str
    publish: bool = False
    proof: str = ""
    issued: int = 0
    lane: str = "main"
    code: str = ""
    uses: int = 0
    block: str = ""


class LeaveLine(Command[Left | NotInLine], frozen=True):
    """End a place or a pass for good; the reason is `left` or `removed`, `by` an operator.

    A visitor that is no UTF-8 is given packed.
    """

    visitor: str | msgspec.Raw
    reason: str
    by: str = ""


class PutBack(Command[IsPutBack | CannotPutBack], frozen=True):
    """Put back a place that an operator's removal took away, as `Left` has it."""

    place: list[Any]
    by: str


class ClaimPass(Command[Waiting | Lobby | Admitted | Late | NotInLine], frozen=True):
    """Confirm a visitor's presence; `connecting`: by a new socket, which is counted.

    `asks_held`: the reply says whether the visitor has held.
    """

    visitor: str
    connecting: bool
    asks_held: bool = False


class FindPlace(Command[Waiting | Lobby | Admitted | Late | NotInLine], frozen=True):
    """Read a visitor's place; it does not confirm their presence.

    A visitor that is no UTF-8 is given packed.
    """

    visitor: str | msgspec.Raw


class AdmitVisitor(Command[Admitted | NotInLine | LineClosed | SaleIsStopped], frozen=True):
    """Admit one visitor out of turn."""

    visitor: str
    reason: str


class ReadGone(Command[GoneNumbers], frozen=True):
    """Read a page of a lane's numbers beyond head that wait no more, from `after` on."""

    after: int
    lane: str = "main"


class AdmitNext(Command[Advanced], frozen=True):
    """Make one tick of the event: expire what is due, admit the next, publish the state."""


class DrawPlaces(Command[PlacesDrawn], frozen=True):
    """Apply a page of a draw: the indexes behind `drawn` get these numbers, in their order."""

    lane: str
    window: int
    drawn: int
    numbers: list[int]
