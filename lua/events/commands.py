"""Commands of an event's rules, sections and figures, and their replies."""

from typing import Literal

import msgspec

from booking_rush.lua.commands import Command, EventState, Published, Reply


class RulesSet(Reply, frozen=True):
    """Reply: the rules are in force."""


class RulesStale(Reply, frozen=True):
    """Refusal: Redis has a newer version of the rules."""


class Stats(Reply, frozen=True):
    """Figures of an event; `waits` are (quarter octaves above 100 ms, visitors).

    held, paying, sold and free count places, and add up to what is for sale.
    """

    state: EventState
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
    """Set the event's state, rules and lanes' weights, which Postgres has in this version.

    `lanes`: empty leaves the weights as they are.
    """

    version: int
    state: EventState
    rules: dict[str, float]
    lanes: dict[str, int] = msgspec.field(default_factory=dict[str, int])


class PublishBroadcast(Command[Published], frozen=True):
    """Publish an operator's broadcast, as JSON, to every process."""

    message: str


class ReportSockets(Command[Stats], frozen=True):
    """Store how many sockets a process has, and read the event's figures."""

    process: str
    sockets: int


class SectionInventory(msgspec.Struct, frozen=True):
    """Section with its free places, and its rows as (name, one character a seat), front first."""

    id: str
    kind: Literal["seated", "standing"]
    amount: int
    currency: str
    free: int
    rows: list[tuple[str, str]]


class SectionSeats(msgspec.Struct, frozen=True):
    """Section's free places in one version, and its rows as (name, one character a seat)."""

    id: str
    kind: Literal["seated", "standing"]
    free: int
    version: int
    rows: list[tuple[str, str]]


class SeatsRead(Reply, frozen=True):
    """Sections of those named that the event has."""

    sections: list[SectionSeats]


class StockRead(Reply, frozen=True):
    """Free places of each section, and how many visitors were admitted so far."""

    free: list[tuple[str, int]]
    admitted: int


class SectionsAdded(Reply, frozen=True):
    """Reply: the event has the sections."""


class ReadSeats(Command[SeatsRead], frozen=True):
    """Read the named sections; all where none is named."""

    sections: list[str]


class ReadStock(Command[StockRead], frozen=True):
    """Read the free places of every section."""


class AddSections(Command[SectionsAdded], frozen=True):
    """Put sections into an event on sale."""

    sections: list[SectionInventory]
