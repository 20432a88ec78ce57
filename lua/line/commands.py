"""Commands about the places of a line and its ticks, and their replies: one class each."""

from booking_rush.lua.commands import Command, Reply, RoomState


class PlaceReply(Reply, frozen=True, kw_only=True):
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
    connection: int = 0
    has_held: bool = False


class Waiting(PlaceReply, frozen=True, kw_only=True):
    """In line, behind `ahead` others of the lane."""

    ahead: int


class Admitted(PlaceReply, frozen=True, kw_only=True):
    """May book until `deadline_ms`; wants to be heard of by `claim_ms`."""

    wave: int
    admitted_ms: int
    claim_ms: int
    deadline_ms: int


class Late(PlaceReply, frozen=True, kw_only=True):
    """Missed the turn; admitted next when heard of again in time."""


class NotInLine(Reply, frozen=True):
    """The visitor has no place."""

    connection: int = 0
    has_held: bool = False


class LineClosed(Reply, frozen=True):
    """Nobody may join any more."""


class LineFull(Reply, frozen=True):
    """As many wait as may wait."""


class Left(Reply, frozen=True):
    """The place is given up; so it may be said once Postgres has the entry."""

    entry: str


class GoneNumbers(Reply, frozen=True):
    """Numbers beyond head that wait no more, ascending."""

    numbers: list[int]
    more: bool


class Advanced(Reply, frozen=True):
    """How many came in and how many lapsed; idle: nobody is in line, admitted, late or holding."""

    admitted: int
    dropped: int
    idle: bool


class JoinLine(Command[Waiting | Admitted | Late | LineClosed | LineFull], frozen=True):
    """Give a visitor the next number of the line, or the place that they already have.

    `publish`: published to every process, for subscribers that are not at the one that asks.
    """

    visitor: str
    publish: bool = False


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


class AdmitVisitor(Command[Admitted | NotInLine | LineClosed], frozen=True):
    """Admit one visitor out of turn."""

    visitor: str
    reason: str


class ReadGone(Command[GoneNumbers], frozen=True):
    """A page of the numbers beyond head that wait no more, those greater than `after`."""

    after: int


class AdmitNext(Command[Advanced], frozen=True):
    """One beat: lapsed passes go, who is next comes in, one tick is told."""
