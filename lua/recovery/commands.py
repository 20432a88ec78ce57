"""Commands that load an event into Redis after a loss, and their replies: one class each."""

from typing import Literal

import msgspec

from booking_rush.lua.commands import Command, Reply, RoomState
from booking_rush.lua.events.commands import SectionInventory
from booking_rush.lua.holds.commands import Hold


class Marked(Reply, frozen=True):
    """Whoever waited for the entry has been told."""


class EpochClosed(Reply, frozen=True):
    """Every batch for this epoch is NOT_READY from here."""


class EpochOpened(Reply, frozen=True):
    """The event lives again, under this epoch."""


class EpochPassed(Reply, frozen=True):
    """Something came in between: the epoch here is `number` (−1: none)."""

    number: int


class Loaded(Reply, frozen=True):
    """The page is loaded."""


class MarkRecorded(Command[Marked], frozen=True):
    """Postgres has the outbox up to `entry`, and of each lane the places up to a number."""

    entry: str
    numbers: dict[str, int]


class CloseEpoch(Command[EpochClosed | EpochPassed], frozen=True):
    """Let no batch do anything under this epoch any more."""

    number: int


class LoadEvent(Command[Loaded | EpochPassed], frozen=True):
    """Rules, counters and figures; `numbers` and `head` by lane."""

    version: int
    state: RoomState
    rules: dict[str, float]
    numbers: dict[str, int]
    head: dict[str, int]
    stats: dict[str, int]


class RecordedPlace(msgspec.Struct, frozen=True):
    """A place as Postgres kept it; `until_ms` is when a pass or a late turn ends."""

    visitor: str
    number: int
    joined: int
    state: Literal["waiting", "admitted", "late", "back"]
    wave: int
    admitted: int
    until_ms: int


class LoadPlaces(Command[Loaded | EpochPassed], frozen=True):
    """A page of places, and of numbers beyond head that wait no more."""

    places: list[RecordedPlace]
    gone: list[int]


class OpenEpoch(Command[EpochOpened | EpochPassed], frozen=True):
    """Let the event live again, under the epoch of the batch."""


class LoadSections(Command[Loaded | EpochPassed], frozen=True):
    """The one way back: the house."""

    sections: list[SectionInventory]


class LoadHolds(Command[Loaded | EpochPassed], frozen=True):
    """The one way back: a page of holds."""

    holds: list[Hold]
