"""Commands that load an event into Redis under a new epoch, and their replies."""

from typing import Literal

import msgspec

from booking_rush.lua.commands import Command, EventState, Reply
from booking_rush.lua.events.commands import SectionInventory
from booking_rush.lua.holds.commands import Hold


class Marked(Reply, frozen=True):
    """Reply: the mark was moved, and published to every process."""


class EpochClosed(Reply, frozen=True):
    """Reply: every batch for this epoch is answered NotReady from here."""


class EpochOpened(Reply, frozen=True):
    """Reply: batches of this epoch are carried out from here."""


class EpochPassed(Reply, frozen=True):
    """Refusal: the epoch of this Redis is another by now, `number` (−1: it has none)."""

    number: int


class Loaded(Reply, frozen=True):
    """Reply: the page is loaded."""


class MarkRecorded(Command[Marked], frozen=True):
    """Mark that Postgres has the outbox up to `entry`, and of each lane places up to a number.

    `head` is the end of the journal's chain by then: how many entries, and the last hash.
    """

    entry: str
    numbers: dict[str, int]
    head: tuple[int, str] = (0, "")


class CloseEpoch(Command[EpochClosed | EpochPassed], frozen=True):
    """Close an epoch, so that no batch of it changes anything."""

    number: int


class LoadEvent(Command[Loaded | EpochPassed], frozen=True):
    """Load rules, lanes' weights, counters and figures; `numbers` and `head` are by lane.

    `windows` are those that are not drawn, oldest first: (lane, window, first index, last index,
    whether Postgres has its draw). `last_windows` are the last ones that have a draw, by lane.
    """

    version: int
    state: EventState
    rules: dict[str, float]
    numbers: dict[str, int]
    head: dict[str, int]
    stats: dict[str, int]
    lanes: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    windows: list[tuple[str, int, int, int, bool]] = msgspec.field(
        default_factory=list[tuple[str, int, int, int, bool]]
    )
    last_windows: dict[str, int] = msgspec.field(default_factory=dict[str, int])


class RecordedPlace(msgspec.Struct, frozen=True):
    """Place as Postgres has it; `until_ms` is the end of a pass or of a missed turn.

    `number` is 0 until a draw; `index` is 0 where none is, or was, to come.
    """

    visitor: str
    number: int
    joined: int
    state: Literal["lobby", "waiting", "admitted", "late", "back"]
    wave: int
    admitted: int
    until_ms: int
    lane: str = "main"
    code: str = ""
    index: int = 0
    window: int = 0
    block: str = ""


class LoadPlaces(Command[Loaded | EpochPassed], frozen=True):
    """Load a page of places."""

    places: list[RecordedPlace]


class DeferredJoin(msgspec.Struct, frozen=True):
    """Join as Postgres has it that waits for a number, `turn` of those of its address block."""

    visitor: str
    lane: str
    code: str
    block: str
    turn: int
    joined_ms: int


class LoadDeferrals(Command[Loaded | EpochPassed], frozen=True):
    """Load a page of deferred joins."""

    joins: list[DeferredJoin]


class LoadCodes(Command[Loaded | EpochPassed], frozen=True):
    """Load a page of uses of codes, each (code, visitor)."""

    uses: list[tuple[str, str]]


class OpenEpoch(Command[EpochOpened | EpochPassed], frozen=True):
    """Open the epoch of the batch, once everything is loaded."""


class LoadSections(Command[Loaded | EpochPassed], frozen=True):
    """Load sections with their rows."""

    sections: list[SectionInventory]


class LoadHolds(Command[Loaded | EpochPassed], frozen=True):
    """Load a page of holds."""

    holds: list[Hold]
