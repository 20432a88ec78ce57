"""What must be true of a sale, whatever broke: a pure function of everything that anybody saw.

What two stores say of one seat is compared in `tests.support.store_agreement`; here is what only
the whole history shows, money included.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.support.store_agreement import TERMINAL

SOLD = ("confirmed", "refunding")  # a seat is nobody else's meanwhile


class SentState(NamedTuple):
    """A state of a booking that a client was told."""

    visitor: str
    booking: str
    state: str


class RecordedState(NamedTuple):
    """A state that a booking came to: as Postgres wrote it down, or as the topic tells it."""

    booking: str
    step: int
    state: str


class Booking(NamedTuple):
    """A booking as it is in the end."""

    id: str
    visitor: str
    state: str
    section: str  # of a standing one
    seats: tuple[str, ...]
    quantity: int
    total: int


class Movement(NamedTuple):
    """Money that moved at the bank, `capture` or `refund`."""

    charge: str
    booking: str
    kind: str
    amount: int


@dataclass(frozen=True)
class Evidence:
    """Everything that was seen of a sale: by clients, Postgres, the bank, and on the topic."""

    sent: Sequence[SentState]
    bookings: Sequence[Booking]
    states: Sequence[RecordedState]  # in the order in which they were written
    ledger: Sequence[Movement]
    topic: Sequence[RecordedState]  # of each booking in the order of the topic
    capacity: dict[str, int]  # of standing sections
    differing: Sequence[str] = ()  # what the stores do not agree on
    unsettled: Sequence[str] = field(default_factory=tuple[str, ...])  # after all patience


def violations(evidence: Evidence) -> list[str]:
    """Every promise that was broken, with what shows it; nothing, when all were kept."""
    return [f"{name}: {what}" for name, check in INVARIANTS.items() for what in check(evidence)]


def assert_promises_kept(evidence: Evidence) -> None:
    """All promises, or the first that were not."""
    found = violations(evidence)
    assert not found, "\n".join([f"{len(found)} violations", *found[:20]])


def _something_was_seen(evidence: Evidence) -> Iterator[str]:
    for name in ("told", "bookings", "states", "ledger", "topic"):
        if not getattr(evidence, name):
            yield f"no {name}"


def _no_seat_twice(evidence: Evidence) -> Iterator[str]:
    """From `confirmed` until it is refunded a seat is one booking's, at every moment."""
    bookings = {one.id: one for one in evidence.bookings}
    owner: dict[str, str] = {}
    taken = Counter[str]()
    had = dict[str, str]()
    for state in evidence.states:
        booking = bookings[state.booking]
        was, had[state.booking] = had.get(state.booking, ""), state.state
        if state.state == "confirmed" and was != "confirmed":
            for seat in booking.seats:
                if owner.setdefault(seat, booking.id) != booking.id:
                    yield f"{seat} is sold to {owner[seat]} and to {booking.id}"
            taken[booking.section] += booking.quantity
            if booking.section and taken[booking.section] > evidence.capacity[booking.section]:
                yield f"{booking.section}: {taken[booking.section]} places sold"
        elif was in SOLD and state.state not in SOLD:
            for seat in booking.seats:
                owner.pop(seat, None)
            taken[booking.section] -= booking.quantity


def _no_cent_lost(evidence: Evidence) -> Iterator[str]:
    """A charge captures once and is given back once; a booking keeps its price or nothing."""
    kinds = defaultdict[str, list[str]](list)
    kept = Counter[str]()
    for one in evidence.ledger:
        kinds[one.charge].append(one.kind)
        kept[one.booking] += one.amount if one.kind == "capture" else -one.amount
    for charge, moved in kinds.items():
        if moved not in (["capture"], ["capture", "refund"]):
            yield f"{charge} moved {', '.join(moved)}"
    for booking in evidence.bookings:
        wanted = booking.total if booking.state == "confirmed" else 0
        if kept[booking.id] != wanted:
            yield f"{booking.id} is {booking.state}: {kept[booking.id]} paid, not {wanted}"


def _one_end(evidence: Evidence) -> Iterator[str]:
    """Each booking is somewhere in the end, and what is written of its way leads there."""
    yield from evidence.unsettled
    ways = _ways(evidence.states)
    for booking in evidence.bookings:
        if booking.state not in TERMINAL:
            yield f"{booking.id} is {booking.state}"
        way = ways.get(booking.id, [])
        if [step for step, _ in way] != list(range(1, len(way) + 1)):
            yield f"{booking.id} went by steps {[step for step, _ in way]}"
        if not way or way[-1][1] != booking.state:
            yield f"{booking.id} is {booking.state}, its way ends otherwise: {way}"


def _what_was_told_is_true(evidence: Evidence) -> Iterator[str]:
    """Who was told that a booking is confirmed has it, or their money back; nothing vanishes."""
    bookings = {one.id: one for one in evidence.bookings}
    ways = {booking: {state for _, state in way} for booking, way in _ways(evidence.states).items()}
    confirmed = set[str]()
    for told in evidence.sent:
        booking = bookings.get(told.booking)
        if booking is None:
            yield f"{told.booking} was told as {told.state}, and is gone"
            continue
        if booking.visitor != told.visitor:
            yield f"{told.booking} of {booking.visitor} was told to {told.visitor}"
        if told.state in ("confirmed", "refunded") and told.state not in ways.get(told.booking, ()):
            yield f"{told.booking} was told as {told.state}, and never was"
        if told.state == "confirmed":
            confirmed.add(told.booking)
        elif told.booking in confirmed and told.state not in ("refunding", "refunded"):
            yield f"{told.booking} was told as {told.state} after it was confirmed"


def _the_topic_tells_all_in_order(evidence: Evidence) -> Iterator[str]:
    """Each state of each booking, first told in its order; repeats are allowed."""
    told = defaultdict[str, dict[int, str]](dict)
    for one in evidence.topic:
        told[one.booking].setdefault(one.step, one.state)
    for booking, way in _ways(evidence.states).items():
        if list(told[booking].items()) != way:
            yield f"{booking} went {way}, the topic says {list(told[booking].items())}"


def _the_stores_agree(evidence: Evidence) -> Iterator[str]:
    yield from evidence.differing


def _ways(states: Sequence[RecordedState]) -> dict[str, list[tuple[int, str]]]:
    """Of each booking its steps, as they were written."""
    ways = dict[str, list[tuple[int, str]]]()
    for one in states:
        ways.setdefault(one.booking, []).append((one.step, one.state))
    return ways


INVARIANTS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "something was seen": _something_was_seen,
    "no seat twice": _no_seat_twice,
    "no cent lost": _no_cent_lost,
    "one end": _one_end,
    "what was told is true": _what_was_told_is_true,
    "the topic tells all in order": _the_topic_tells_all_in_order,
    "the stores agree": _the_stores_agree,
}
