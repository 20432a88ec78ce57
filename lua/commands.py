"""What may be asked of Redis about the line, and what it answers: one class a command, one a reply.

A move's file begins with its command and its replies; `tests/test_tidy.py` holds the two
against each other. Times are milliseconds since 1970 by Redis's clock.
"""

import re
from typing import Generic, Literal, TypeVar

import msgspec

R = TypeVar("R", covariant=True)

RoomState = Literal["scheduled", "drawing", "open", "paused", "draining", "closed"]
PlaceState = Literal["waiting", "admitted", "late", "back", "ended"]


def word_of(name: str) -> str:
    """JoinLine → join_line: the name of the move, and of the word in a reply."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Reply(msgspec.Struct, frozen=True, tag_field="word", tag=word_of):
    """What a move answers."""


class Command(msgspec.Struct, Generic[R], frozen=True, tag_field="move", tag=word_of):
    """What a move is asked; R is every reply that it may give."""


# Replies: of any move


class NotReady(Reply, frozen=True):
    """The event's data are of another life of Redis, or not loaded."""


class Failed(Reply, frozen=True):
    """The move broke: a mistake of ours."""

    why: str


# Replies: where a visitor stands


class Stands(Reply, frozen=True, kw_only=True):
    """A place. It may be told once Postgres has the outbox `entry` (empty: it has it).

    `again`: it was there before this join; `order`: the how manieth socket this claim is of;
    `has_held`: the visitor has held something in the last day.
    """

    lane: str
    number: int
    joined_ms: int
    waiting: int
    room: RoomState
    entry: str
    again: bool = False
    order: int = 0
    has_held: bool = False


class Waiting(Stands, frozen=True, kw_only=True):
    """In line, behind `ahead` others of the lane."""

    ahead: int


class Admitted(Stands, frozen=True, kw_only=True):
    """May book until `deadline_ms`; wants to be heard of by `claim_ms`."""

    wave: int
    admitted_ms: int
    claim_ms: int
    deadline_ms: int


class Late(Stands, frozen=True, kw_only=True):
    """Missed the turn; admitted next when heard of again in time."""


class NotInLine(Reply, frozen=True):
    """The visitor has no place."""

    order: int = 0
    has_held: bool = False


class LineClosed(Reply, frozen=True):
    """Nobody may join any more."""


class LineFull(Reply, frozen=True):
    """As many wait as may wait."""


class Left(Reply, frozen=True):
    """The place is given up; so it may be said once Postgres has the entry."""

    entry: str


# Replies: of operators and duties


class RulesSet(Reply, frozen=True):
    """From now on these rules hold."""


class RulesStale(Reply, frozen=True):
    """Newer rules hold already."""


class Announced(Reply, frozen=True):
    """Every process that listens has heard it."""


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


class GoneNumbers(Reply, frozen=True):
    """Numbers beyond head that wait no more, ascending."""

    numbers: list[int]
    more: bool


class Advanced(Reply, frozen=True):
    """How many came in and how many lapsed; idle: nobody is in line, admitted, late or holding."""

    admitted: int
    dropped: int
    idle: bool


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


# Commands: of visitors


class JoinLine(Command[Waiting | Admitted | Late | LineClosed | LineFull], frozen=True):
    """Give a visitor the next number of the line, or the place that they already have.

    `aloud`: told to every process, for who listens somewhere else than where they ask.
    """

    visitor: str
    aloud: bool = False


class LeaveLine(Command[Left | NotInLine], frozen=True):
    """Give up a place or a pass for good; reason: `left` or `removed`."""

    visitor: str
    reason: str


class ClaimPass(Command[Waiting | Admitted | Late | NotInLine], frozen=True):
    """The visitor has been heard of, `connecting`: by a new socket."""

    visitor: str
    connecting: bool


class FindPlace(Command[Waiting | Admitted | Late | NotInLine], frozen=True):
    """Look where a visitor stands."""

    visitor: str


# Commands: of operators


class AdmitVisitor(Command[Admitted | NotInLine | LineClosed], frozen=True):
    """Admit one visitor out of turn."""

    visitor: str
    reason: str


class SetRules(Command[RulesSet | RulesStale], frozen=True):
    """The event's state and rules, as Postgres has them in this version."""

    version: int
    state: RoomState
    rules: dict[str, float]


class Announce(Command[Announced], frozen=True):
    """Tell every process an operator's message: JSON."""

    message: str


# Commands: of processes and duties


class ReportSockets(Command[Stats], frozen=True):
    """Say how many sockets a process holds; hear the event's figures."""

    process: str
    sockets: int


class ReadGone(Command[GoneNumbers], frozen=True):
    """A page of the numbers beyond head that wait no more, those greater than `after`."""

    after: int


class AdmitNext(Command[Advanced], frozen=True):
    """One beat: lapsed passes go, who is next comes in, one tick is told."""


class MarkRecorded(Command[Marked], frozen=True):
    """Postgres has the outbox up to `entry`, and of each lane the places up to a number."""

    entry: str
    numbers: dict[str, int]


# Commands: of the one way back


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


class KeptPlace(msgspec.Struct, frozen=True):
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

    places: list[KeptPlace]
    gone: list[int]


class OpenEpoch(Command[EpochOpened | EpochPassed], frozen=True):
    """Let the event live again, under the epoch of the batch."""
