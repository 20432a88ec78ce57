"""Commands about an event's rules, sections and figures, and their replies: one class each."""

from typing import Literal

import msgspec

from booking_rush.lua.commands import Command, Published, Reply, RoomState


class RulesSet(Reply, frozen=True):
    """From now on these rules hold."""


class RulesStale(Reply, frozen=True):
    """Newer rules hold already."""


class Stats(Reply, frozen=True):
    """The figures of an event; `waits` are (quarter octaves above 100 ms, how many).

    held, paying, sold and free count places, and add up to what is for sale.
    """

    state: RoomState
    waiting: int
    active: int
    late: int
    joined: int
    admitted: int
    held: int
    paying: int
    sold: int
    free: int
    outbox_age_ms: float
    sockets: int
    waits: list[tuple[int, int]]


class SetRules(Command[RulesSet | RulesStale], frozen=True):
    """The event's state and rules, as Postgres has them in this version."""

    version: int
    state: RoomState
    rules: dict[str, float]


class PublishBroadcast(Command[Published], frozen=True):
    """Tell every process an operator's message: JSON."""

    message: str


class ReportSockets(Command[Stats], frozen=True):
    """Say how many sockets a process holds; hear the event's figures."""

    process: str
    sockets: int


class SectionInventory(msgspec.Struct, frozen=True):
    """A section as it stands: `rows` as (name, one character a seat), the front row first."""

    id: str
    kind: Literal["seated", "standing"]
    amount: int
    currency: str
    free: int
    rows: list[tuple[str, str]]


class SectionSeats(msgspec.Struct, frozen=True):
    """Free places of a section in one version, and its rows as (name, characters)."""

    id: str
    kind: Literal["seated", "standing"]
    free: int
    version: int
    rows: list[tuple[str, str]]


class SeatsRead(Reply, frozen=True):
    """Sections as they stand; those that there are."""

    sections: list[SectionSeats]


class SectionsAdded(Reply, frozen=True):
    """They are there."""


class ReadSeats(Command[SeatsRead], frozen=True):
    """Sections as they stand; all of them when none is named."""

    sections: list[str]


class AddSections(Command[SectionsAdded], frozen=True):
    """Sections that came later."""

    sections: list[SectionInventory]
